module io.tersor.compress {
    requires transitive io.tersor.model;
}

/** Turns networks into smaller, faster ones. */
module io.tersor.compress {
    requires transitive io.tersor.model;

    exports io.tersor.compress;
}

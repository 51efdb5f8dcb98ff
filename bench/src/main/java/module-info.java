module io.tersor.bench {
    requires io.tersor.cli;
    requires jmh.core;
}

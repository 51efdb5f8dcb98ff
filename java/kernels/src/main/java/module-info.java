module io.tersor.kernels {
    requires static jdk.incubator.vector;
}

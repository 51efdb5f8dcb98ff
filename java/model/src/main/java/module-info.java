module io.tersor.model {
    requires transitive io.tersor.kernels;
    requires org.tribuo.util.onnx;
    requires com.google.protobuf;

    exports io.tersor.model.npy;
}

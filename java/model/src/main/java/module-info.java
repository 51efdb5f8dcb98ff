/** Graphs: ONNX in and out, passes, memory plan, executor; NumPy files. */
module io.tersor.model {
    requires transitive io.tersor.kernels;
    requires org.tribuo.util.onnx;
    requires com.google.protobuf;

    exports io.tersor.model;
    exports io.tersor.model.npy;
    exports io.tersor.model.onnx;
    exports io.tersor.model.pass;
    exports io.tersor.model.verify;
}

package io.tersor.bench;

import io.tersor.bench.measure.Contender;
import io.tersor.tensor.Tensor;
import java.util.Map;

/** One way to run a network on the same inputs again and again. */
public interface NetworkContender extends Contender {
    /** Returns which of its kind it is: the backend that was ordered, or a peer's version. */
    String how();

    /** Returns the outputs of the last run. */
    Map<String, Tensor> outputs();
}

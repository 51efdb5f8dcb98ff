package io.tersor.model.exec;

import io.tersor.model.StepInfo;
import io.tersor.model.ops.Computation;

/**
 * A computation with its places.
 *
 * @param inputs slots, -1 for an input left out
 * @param outputs slots, -1 for an output that nobody wants
 * @param inPlace the input whose memory the first output may take over, -1 for none
 */
record Step(StepInfo info, int[] inputs, int[] outputs, int inPlace, Computation.Body body) {}

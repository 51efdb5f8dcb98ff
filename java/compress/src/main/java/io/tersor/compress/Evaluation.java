package io.tersor.compress;

import io.tersor.OperandException;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.StepInfo;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * How well and how fast a classifier does on labelled images.
 *
 * @param answers the class of the largest output of each image; the first one of equals
 * @param correct how many answers are the label
 * @param microsPerImage median over the batches of the time that a run takes, divided by its images, in microseconds;
 *     the first batch warms up and does not count if there are others
 * @param kernels what ran, step by step
 */
public record Evaluation(List<Integer> answers, long correct, double microsPerImage, List<StepInfo> kernels) {
    /** Copies the lists. */
    public Evaluation {
        answers = List.copyOf(answers);
        kernels = List.copyOf(kernels);
    }

    /** Returns the fraction of images whose answer is the label. */
    public double top1() {
        return (double) correct / answers.size();
    }

    /**
     * Runs a network of one input and one output on images.
     *
     * @param images [n, ...], as the network takes them
     * @param labels integers [n], each a class
     * @param batch images in one run; a smaller rest is filled up with repetitions of its last image
     * @param progress is told the number of images after each run
     * @throws CompressException if images and labels do not fit each other or the network, naming the label
     */
    public static Evaluation of(PreparedNetwork network, Tensor images, Tensor labels, int batch,
            LongConsumer progress) {
        if (network.inputs().size() != 1 || network.outputs().size() != 1) {
            throw new CompressException("network: expected one input and one output, got " + network.inputs() + " and "
                    + network.outputs());
        }
        if (images.shape().rank() == 0 || images.shape().dim(0) == 0) {
            throw new CompressException("images: expected [n, ...] with n above 0, got " + images);
        }
        long count = images.shape().dim(0);
        if (labels.type().isFloating() || labels.shape().rank() != 1 || labels.shape().dim(0) != count) {
            throw new CompressException("labels: expected integers [" + count + "], one for each image, got " + labels);
        }
        OperandException.check(batch > 0, "batch", "at least 1", batch);
        ValueInfo input = network.inputs().getFirst();
        List<Integer> answers = new ArrayList<>();
        List<Double> micros = new ArrayList<>();
        long correct = 0;
        for (long start = 0; start < count; start += batch) {
            try (Arena arena = Arena.ofShared()) {
                long size = Math.min(batch, count - start);
                Tensor part = fill(images.slice(0, start, size), batch, arena);
                long begin = System.nanoTime();
                Tensor scores = network.run(Map.of(input.name(), part), arena).values().iterator().next();
                micros.add((System.nanoTime() - begin) / 1e3 / batch);
                int classes = classes(scores, batch);
                if (start == 0) {
                    checkLabels(labels, classes);
                }
                float[] values = scores.toFloats();
                for (int i = 0; i < size; i++) {
                    int answer = largest(values, i * classes, classes);
                    answers.add(answer);
                    correct += answer == labels.getLong(start + i) ? 1 : 0;
                }
                progress.accept(start + size);
            }
        }
        return new Evaluation(answers, correct, median(micros), network.kernels());
    }

    private static Tensor fill(Tensor images, int batch, Arena arena) {
        Shape full = images.shape().with(0, batch);
        if (images.shape().equals(full)) {
            return images;
        }
        long size = images.shape().dim(0);
        Tensor filled = Tensor.allocate(arena, images.type(), full);
        filled.slice(0, 0, size).copyFrom(images);
        for (long i = size; i < batch; i++) {
            filled.slice(0, i, 1).copyFrom(images.slice(0, size - 1, 1));
        }
        return filled;
    }

    private static int classes(Tensor scores, int batch) {
        long classes = scores.shape().elements() / batch;
        if (scores.shape().rank() == 0 || scores.shape().dim(0) != batch || classes == 0) {
            throw new CompressException("output: expected [" + batch + ", classes], got " + scores);
        }
        return Math.toIntExact(classes);
    }

    private static void checkLabels(Tensor labels, int classes) {
        for (long i = 0; i < labels.shape().elements(); i++) {
            long label = labels.getLong(i);
            if (label < 0 || label >= classes) {
                throw new CompressException("label " + i + ": expected a class from 0 to " + (classes - 1) + ", got "
                        + label);
            }
        }
    }

    private static int largest(float[] values, int from, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            if (values[from + i] > values[from + best]) {
                best = i;
            }
        }
        return best;
    }

    private static double median(List<Double> micros) {
        List<Double> sorted = micros.subList(micros.size() > 1 ? 1 : 0, micros.size()).stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}

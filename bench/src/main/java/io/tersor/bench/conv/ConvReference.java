package io.tersor.bench.conv;

import io.tersor.bench.product.Constants;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * The result in float64, in which sums of integers are exact: of all elements of a small convolution, of some pixels
 * and channels of a large one, the corners and the first and last channel always among them. Independent of all
 * backends.
 */
final class ConvReference {
    private static final double EXHAUSTIVE = 1 << 24;
    private static final int PIXELS = 40;
    private static final int CHANNELS = 24;

    private final ConvShape shape;
    private final Tensor src;
    private final Constants constants;
    private final List<Element> elements = new ArrayList<>();

    private record Element(int y, int x, int channel, double sum, double magnitude) {}

    ConvReference(ConvShape shape, Tensor src, Constants constants) {
        this.shape = shape;
        this.src = src;
        this.constants = constants;
        boolean all = shape.operations() <= EXHAUSTIVE;
        int pixels = shape.oh() * shape.ow();
        List<Integer> channels = sample(shape.oc(), all ? shape.oc() : CHANNELS, List.of(0, shape.oc() - 1));
        for (int pixel : sample(pixels, all ? pixels : PIXELS,
                List.of(0, shape.ow() - 1, pixels - shape.ow(), pixels - 1))) {
            for (int channel : channels) {
                elements.add(element(pixel / shape.ow(), pixel % shape.ow(), channel));
            }
        }
    }

    private static List<Integer> sample(int extent, int count, List<Integer> always) {
        TreeSet<Integer> chosen = new TreeSet<>(always);
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        while (count < extent && chosen.size() < count) {
            chosen.add(random.nextInt(extent));
        }
        for (int i = 0; i < extent && count >= extent; i++) {
            chosen.add(i);
        }
        return List.copyOf(chosen);
    }

    /** Sums over the window's taps inside the image; those outside are real zero. */
    private Element element(int y, int x, int channel) {
        int inner = shape.ic() / shape.groups();
        int first = channel / (shape.oc() / shape.groups()) * inner;
        double sum = 0;
        double magnitude = 0;
        for (int tapY = 0; tapY < shape.kh(); tapY++) {
            int iy = y * shape.stride() - shape.pad() + tapY * shape.dilation();
            for (int tapX = 0; tapX < shape.kw(); tapX++) {
                int ix = x * shape.stride() - shape.pad() + tapX * shape.dilation();
                if (iy < 0 || iy >= shape.ih() || ix < 0 || ix >= shape.iw()) {
                    continue;
                }
                for (int i = 0; i < inner; i++) {
                    double pixel = src.get(((long) iy * shape.iw() + ix) * shape.ic() + first + i)
                            - constants.srcParams().zeroPoint();
                    double product = pixel * constants.weights().get(
                            (((long) channel * inner + i) * shape.kh() + tapY) * shape.kw() + tapX);
                    sum += product;
                    magnitude += Math.abs(product);
                }
            }
        }
        return new Element(y, x, channel, sum, magnitude);
    }

    /**
     * Compares a result.
     *
     * @param who computed it, for the message
     * @throws io.tersor.bench.measure.VerificationException if an element is wrong
     */
    void check(Tensor dst, String who) {
        for (Element element : elements) {
            long index = ((long) element.y * shape.ow() + element.x) * shape.oc() + element.channel;
            constants.check(dst.get(index), element.channel, element.sum, element.magnitude,
                    constants.srcParams().scale(), () -> who + ", " + shape + " " + constants.types().label()
                            + ": element [" + element.y + ", " + element.x + ", " + element.channel + "]");
        }
    }
}

package io.tersor.bench.conv;

import io.tersor.TersorException;
import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.ShapeFile;
import io.tersor.bench.product.WeightZeros;
import io.tersor.kernel.Window;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Extents of a convolution of one image: src [1, ih, iw, ic], weights [oc, ic / groups, kh, kw], dst [1, oh, ow, oc].
 *
 * @param stride of both axes, in pixels; likewise pad on all four borders, and dilation
 * @param groups a divisor of ic and oc
 * @param count how often a network has it
 */
public record ConvShape(int ic, int ih, int iw, int oc, int kh, int kw, int stride, int pad, int dilation, int groups,
        int count) implements ProductShape {
    private static final int MAX = 1 << 16;

    /** Lists of lines of all extents, and those that come with the benchmark. */
    public static final ShapeFile<ConvShape> LISTS = new ShapeFile<>("conv-",
            List.of("resnet50", "mobilenet-v2", "quick", "scaling", "sparse"), List.of("ic", "ih", "iw", "oc", "kh", "kw", "stride", "pad", "dilation", "groups"), ConvShape::of);

    private static ConvShape of(int[] n) {
        return new ConvShape(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10]);
    }

    /**
     * Checks the extents.
     *
     * @throws TersorException if one is out of range, the window does not fit once, or an operand has more than
     *     2^31 - 1 elements
     */
    public ConvShape {
        for (int extent : new int[] {ic, ih, iw, oc, kh, kw, stride, pad + 1, dilation, groups, count}) {
            if (extent < 1 || extent > MAX) {
                throw new TersorException("extents: expected 1 to " + MAX + " (pad from 0), got " + extent);
            }
        }
        if (ic % groups != 0 || oc % groups != 0) {
            throw new TersorException("groups: expected a divisor of ic " + ic + " and oc " + oc + ", got " + groups);
        }
        Window window = window(kh, kw, stride, pad, dilation);
        long pixels = window.outHeight(ih) * window.outWidth(iw);
        if (pixels < 1) {
            throw new TersorException("kernel " + kh + "x" + kw + ": does not fit into the padded image");
        }
        long weights = (long) oc * (ic / groups) * kh * kw;
        if (Math.max(weights, Math.max((long) ih * iw * ic, pixels * oc)) > Integer.MAX_VALUE || weights < 0) {
            throw new TersorException("extents: expected at most 2^31 - 1 elements in an operand");
        }
    }

    private static Window window(int kh, int kw, int stride, int pad, int dilation) {
        return Window.of(kh, kw).stride(stride).padding(pad).dilation(dilation, dilation);
    }

    /** Returns the sliding window. */
    public Window window() {
        return window(kh, kw, stride, pad, dilation);
    }

    /** Returns the rows of dst. */
    public int oh() {
        return (int) window().outHeight(ih);
    }

    /** Returns the columns of dst. */
    public int ow() {
        return (int) window().outWidth(iw);
    }

    /** Returns the number of products in one sum. */
    public int reduction() {
        return ic / groups * kh * kw;
    }

    /** Returns the shape of src. */
    public Shape src() {
        return Shape.of(1, ih, iw, ic);
    }

    /** Returns the shape of the weights. */
    public Shape weights() {
        return Shape.of(oc, ic / groups, kh, kw);
    }

    /** Returns the shape of dst. */
    public Shape dst() {
        return Shape.of(1, oh(), ow(), oc);
    }

    @Override
    public double operations() {
        return 2.0 * oh() * ow() * oc * reduction();
    }

    @Override
    public boolean isBoundByWeights() {
        return false;
    }

    @Override
    public Tensor outputsFirst(Tensor weights) {
        return weights;
    }

    @Override
    public ProductWorkload workload(ProductTypes types, WeightZeros zeros) {
        return new ConvWorkload(this, types, zeros);
    }

    @Override
    public Map<String, Object> extents() {
        Map<String, Object> extents = new LinkedHashMap<>();
        extents.put("ic", ic);
        extents.put("ih", ih);
        extents.put("iw", iw);
        extents.put("oc", oc);
        extents.put("kh", kh);
        extents.put("kw", kw);
        extents.put("stride", stride);
        extents.put("pad", pad);
        extents.put("dilation", dilation);
        extents.put("groups", groups);
        extents.put("count", count);
        return extents;
    }

    /** Returns {@code ic x ih x iw oc kh x kw} and what is not usual. */
    @Override
    public String toString() {
        return ic + "x" + ih + "x" + iw + " " + oc + " " + kh + "x" + kw + (stride == 1 ? "" : " s" + stride)
                + (pad == 0 ? "" : " p" + pad) + (dilation == 1 ? "" : " d" + dilation)
                + (groups == 1 ? "" : " g" + groups);
    }
}

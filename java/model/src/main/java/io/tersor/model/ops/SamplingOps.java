package io.tersor.model.ops;

import io.tersor.OperandException;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;

/** Operators that read images between their pixels: AffineGrid, GridSample, RoiAlign. In binary64. */
final class SamplingOps {
    private SamplingOps() {}

    static void register(Map<String, Operator> table) {
        table.put("AffineGrid", SamplingOps::affineGrid);
        table.put("GridSample", SamplingOps::gridSample);
        table.put("RoiAlign", SamplingOps::roiAlign);
    }

    /** The grid, [n, spatial..., rank], of theta, [n, rank, rank + 1], applied to (x, y, z, 1); x is the last axis. */
    private static Computation affineGrid(OpContext context) {
        long[] size = context.value(1).toLongs();
        int rank = size.length - 2;
        context.require(rank == 2 || rank == 3, "size", "[n, c, h, w] or [n, c, d, h, w]", Arrays.toString(size));
        context.check(context.shape(0).equals(Shape.of(size[0], rank, rank + 1)), 0,
                "[" + size[0] + ", " + rank + ", " + (rank + 1) + "]");
        boolean corners = context.attributes().integer("align_corners", 0) != 0;
        long[] dims = new long[rank + 2];
        dims[0] = size[0];
        System.arraycopy(size, 2, dims, 1, rank);
        dims[rank + 1] = rank;
        Shape shape = Shape.of(dims);
        return Computation.of(new TensorType(context.type(0), shape), (in, out) -> {
            double[] theta = Elements.doubles(in[0]);
            double[] point = new double[rank + 1];
            point[rank] = 1;
            for (long i = 0; i < shape.elements(); i++) {
                long rest = i / rank;
                for (int k = 0; k < rank; k++) {
                    long extent = size[size.length - 1 - k];
                    point[k] = corners ? extent > 1 ? 2.0 * (rest % extent) / (extent - 1) - 1 : 0
                            : (2.0 * (rest % extent) + 1) / extent - 1;
                    rest /= extent;
                }
                int row = (int) (rest * rank + i % rank) * (rank + 1);
                double sum = 0;
                for (int k = 0; k <= rank; k++) {
                    sum += theta[row + k] * point[k];
                }
                out[0].set(i, sum);
            }
        });
    }

    private static Computation gridSample(OpContext context) {
        Shape src = context.shape(0);
        Shape grid = context.shape(1);
        int rank = src.rank() - 2;
        context.check(rank >= 1, 0, "[n, c, spatial...]");
        context.check(grid.rank() == src.rank() && grid.dim(0) == src.dim(0) && grid.dim(-1) == rank, 1,
                "[" + src.dim(0) + ", spatial..., " + rank + "]");
        String named = context.attributes().text("mode", "linear");
        GridTaps.Mode mode = switch (named) {
            case "linear", "bilinear" -> GridTaps.Mode.LINEAR;
            case "nearest" -> GridTaps.Mode.NEAREST;
            case "cubic", "bicubic" -> GridTaps.Mode.CUBIC;
            default -> throw context.unsupported("mode " + named);
        };
        boolean corners = context.attributes().integer("align_corners", 0) != 0;
        GridTaps.Padding padding = padding(context, corners);
        long[] dims = grid.dims();
        System.arraycopy(grid.dims(), 1, dims, 2, rank);
        dims[1] = src.dim(1);
        Shape shape = Shape.of(dims);
        long[] extents = Arrays.copyOfRange(src.dims(), 2, src.rank());
        long points = Shapes.product(shape, 2, shape.rank());
        int pixels = Math.toIntExact(Shapes.product(src, 2, src.rank()));
        Computation.Body body = (in, out) -> {
            GridTaps taps = new GridTaps(mode, padding, extents);
            double[] values = Elements.doubles(in[0]);
            for (long i = 0; i < src.dim(0) * points; i++) {
                for (int axis = 0; axis < rank; axis++) {
                    double x = in[1].get(i * rank + rank - 1 - axis);
                    long extent = extents[axis];
                    taps.at(axis, pixel(x, extent, corners));
                }
                long image = i / points;
                for (long c = 0; c < src.dim(1); c++) {
                    long plane = image * src.dim(1) + c;
                    out[0].set(plane * points + i % points, taps.sample(values, (int) (plane * pixels)));
                }
            }
        };
        boolean plane = rank == 2 && points <= Integer.MAX_VALUE && pixels > 0;
        return Computation.of(new TensorType(context.type(0), shape), plane
                ? new GridBody(mode, padding, corners, extents, src.dim(0), (int) points, body) : body);
    }

    /** Points of a grid [n, points, 2] between the pixels of planes. */
    private record GridBody(GridTaps.Mode mode, GridTaps.Padding padding, boolean corners, long[] extents, long parts,
            int count, Computation.Body body) implements SampledBody {
        @Override
        public void run(Tensor[] inputs, Tensor[] outputs) {
            body.run(inputs, outputs);
        }

        @Override
        public long image(Tensor[] inputs, long part) {
            return part;
        }

        @Override
        public int taps(Tensor[] inputs, long part) {
            return mode.taps() * mode.taps();
        }

        @Override
        public void fill(Tensor[] inputs, long part, int[] index, float[] weights) {
            GridTaps taps = new GridTaps(mode, padding, extents);
            double[] grid = new double[2 * count];
            ElementRuns.read(inputs[1], part * 2 * count, grid, 2 * count);
            for (int i = 0; i < count; i++) {
                taps.at(0, pixel(grid[2 * i + 1], extents[0], corners));
                taps.at(1, pixel(grid[2 * i], extents[1], corners));
                taps.store(index, weights, i, count);
            }
        }
    }

    /** Returns a position in pixels of one from -1 to 1. */
    private static double pixel(double x, long extent, boolean corners) {
        return corners ? (x + 1) / 2 * (extent - 1) : ((x + 1) * extent - 1) / 2;
    }

    private static GridTaps.Padding padding(OpContext context, boolean corners) {
        String outside = context.attributes().text("padding_mode", "zeros");
        return switch (outside) {
            case "zeros" -> GridTaps.ZEROS;
            case "border" -> (position, extent) -> Math.clamp(position, 0L, extent - 1);
            case "reflection" -> (position, extent) -> Math.clamp((long) reflect(position, extent, corners), 0L,
                    extent - 1);
            default -> throw context.unsupported("padding_mode " + outside);
        };
    }

    /** Reflects at the centres of the outermost pixels, or at their outer edges. */
    private static double reflect(double position, long extent, boolean corners) {
        double low = corners ? 0 : -0.5;
        double length = corners ? extent - 1 : extent;
        if (length == 0) {
            return 0;
        }
        double distance = Math.abs(position - low) % (2 * length);
        return low + (distance <= length ? distance : 2 * length - distance);
    }

    /** RoiAlign: the mean, or the largest weighted corner, of points on a regular grid inside each bin of a region. */
    private static Computation roiAlign(OpContext context) {
        Shape src = context.shape(0);
        Shape rois = context.shape(1);
        context.check(src.rank() == 4, 0, "[n, c, h, w]");
        context.check(rois.rank() == 2 && rois.dim(1) == 4, 1, "[regions, 4]");
        context.check(context.shape(2).equals(Shape.of(rois.dim(0))), 2, "[" + rois.dim(0) + "]");
        int height = bins(context, "output_height");
        int width = bins(context, "output_width");
        int ratio = (int) context.attributes().integer("sampling_ratio", 0);
        context.require(ratio >= 0, "sampling_ratio", "not negative", ratio);
        double scale = context.attributes().real("spatial_scale", 1f);
        boolean max = context.attributes().text("mode", "avg").equals("max");
        boolean half = context.attributes().text("coordinate_transformation_mode",
                context.opset() >= 16 ? "half_pixel" : "output_half_pixel").equals("half_pixel");
        Shape shape = Shape.of(rois.dim(0), src.dim(1), height, width);
        Regions regions = new Regions(src, rois.dim(0), height, width, scale, half, ratio, context.operand(2));
        Computation.Body body = (in, out) -> {
            double[] values = Elements.doubles(in[0]);
            for (long r = 0; r < rois.dim(0); r++) {
                long image = regions.image(in, r);
                Bins rows = regions.rows(in, r);
                Bins columns = regions.columns(in, r);
                for (long i = 0; i < src.dim(1) * height * width; i++) {
                    int plane = (int) ((image * src.dim(1) + i / ((long) height * width)) * src.dim(2) * src.dim(3));
                    out[0].set(r * src.dim(1) * height * width + i, bin(values, plane, src, rows,
                            (int) (i / width % height), columns, (int) (i % width), max));
                }
            }
        };
        boolean sums = !max && src.elements() > 0 && (long) height * width <= Integer.MAX_VALUE;
        return Computation.of(new TensorType(context.type(0), shape), sums ? new RegionBody(regions, body) : body);
    }

    /** The regions of a RoiAlign. */
    private record Regions(Shape src, long count, int height, int width, double scale, boolean half, int ratio,
            String operand) {
        long image(Tensor[] in, long region) {
            long image = in[2].getLong(region);
            if (image < 0 || image >= src.dim(0)) {
                throw new OperandException(operand, "indices below " + src.dim(0), image);
            }
            return image;
        }

        Bins rows(Tensor[] in, long region) {
            return Bins.of(in[1], region * 4 + 1, height, scale, half, ratio);
        }

        Bins columns(Tensor[] in, long region) {
            return Bins.of(in[1], region * 4, width, scale, half, ratio);
        }
    }

    /** Means over the points of a region's bins. */
    private record RegionBody(Regions regions, Computation.Body body) implements SampledBody {
        @Override
        public void run(Tensor[] inputs, Tensor[] outputs) {
            body.run(inputs, outputs);
        }

        @Override
        public long parts() {
            return regions.count;
        }

        @Override
        public int count() {
            return regions.height * regions.width;
        }

        @Override
        public long image(Tensor[] inputs, long part) {
            return regions.image(inputs, part);
        }

        @Override
        public int taps(Tensor[] inputs, long part) {
            return Math.max(1, Math.multiplyExact(4, Math.multiplyExact(regions.rows(inputs, part).points,
                    regions.columns(inputs, part).points)));
        }

        @Override
        public void fill(Tensor[] inputs, long part, int[] index, float[] weights) {
            Bins rows = regions.rows(inputs, part);
            Bins columns = regions.columns(inputs, part);
            long height = regions.src.dim(2);
            long width = regions.src.dim(3);
            Arrays.fill(index, -1);
            double share = 1.0 / Math.max(1, rows.points * columns.points);
            for (int y = 0; y < regions.height; y++) {
                for (int i = 0; i < rows.points; i++) {
                    Corner row = Corner.of(rows.position(y, i), height);
                    for (int x = 0; row.inside && x < regions.width; x++) {
                        for (int j = 0; j < columns.points; j++) {
                            Corner column = Corner.of(columns.position(x, j), width);
                            int at = (i * columns.points + j) * 4 * count() + y * regions.width + x;
                            if (column.inside) {
                                store(row, column, width, share, index, weights, at);
                            }
                        }
                    }
                }
            }
        }

        private void store(Corner row, Corner column, long width, double share, int[] index, float[] weights, int at) {
            for (int corner = 0; corner < 4; corner++) {
                boolean below = corner >= 2;
                boolean right = corner % 2 == 1;
                int place = at + corner * count();
                index[place] = (int) ((below ? row.high : row.low) * width + (right ? column.high : column.low));
                weights[place] = (float) ((below ? row.across : 1 - row.across)
                        * (right ? column.across : 1 - column.across) * share);
            }
        }
    }

    /** The two pixels around a position along one axis; more than a pixel outside there are none. */
    private record Corner(boolean inside, long low, long high, double across) {
        static Corner of(double position, long extent) {
            boolean inside = position >= -1 && position <= extent;
            double bounded = Math.clamp(position, 0, extent - 1);
            long low = (long) bounded;
            return new Corner(inside, low, Math.min(low + 1, extent - 1), bounded - low);
        }
    }

    private static int bins(OpContext context, String name) {
        long count = context.attributes().integer(name, 1);
        context.require(count > 0 && count <= Integer.MAX_VALUE, name, "positive", count);
        return (int) count;
    }

    /** The bins of a region along one axis: where the first starts, how long each is, and its number of points. */
    private record Bins(double start, double length, int points) {
        static Bins of(Tensor rois, long at, int count, double scale, boolean half, int ratio) {
            double start = rois.get(at) * scale - (half ? 0.5 : 0);
            double length = rois.get(at + 2) * scale - (half ? 0.5 : 0) - start;
            length = (half ? length : Math.max(length, 1)) / count;
            // More points than an image has pixels along an axis tell nothing new.
            return new Bins(start, length, ratio > 0 ? ratio : (int) Math.clamp(Math.ceil(length), 0, 4096));
        }

        double position(int bin, int point) {
            return start + (bin + (point + 0.5) / points) * length;
        }
    }

    private static double bin(double[] values, int plane, Shape src, Bins rows, int row, Bins columns, int column,
            boolean max) {
        double result = max ? Double.NEGATIVE_INFINITY : 0;
        int count = rows.points * columns.points;
        for (int point = 0; point < count; point++) {
            double y = rows.position(row, point / columns.points);
            double x = columns.position(column, point % columns.points);
            double[] corners = corners(values, plane, y, src.dim(2), x, src.dim(3));
            result = max ? Math.max(result, Arrays.stream(corners).max().orElse(0))
                    : result + Arrays.stream(corners).sum();
        }
        return max ? count == 0 ? 0 : result : result / Math.max(1, count);
    }

    /** Returns the four weighted pixels around a point; a point more than a pixel outside the image gives zeros. */
    private static double[] corners(double[] values, int plane, double y, long height, double x, long width) {
        if (!(y >= -1 && y <= height && x >= -1 && x <= width) || height == 0 || width == 0) {
            return new double[4];
        }
        double row = Math.clamp(y, 0, height - 1);
        double column = Math.clamp(x, 0, width - 1);
        int top = (int) row;
        int left = (int) column;
        int bottom = (int) Math.min(top + 1, height - 1);
        int right = (int) Math.min(left + 1, width - 1);
        double down = row - top;
        double across = column - left;
        return new double[] {
            values[(int) (plane + top * width + left)] * (1 - down) * (1 - across),
            values[(int) (plane + top * width + right)] * (1 - down) * across,
            values[(int) (plane + bottom * width + left)] * down * (1 - across),
            values[(int) (plane + bottom * width + right)] * down * across};
    }
}

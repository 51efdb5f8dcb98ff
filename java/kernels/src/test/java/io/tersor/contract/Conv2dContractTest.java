package io.tersor.contract;

import io.tersor.kernel.Window;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Conv2d on every backend, over chosen geometries with sampled parameters and epilogues. */
@Tag("isa-tiers")
class Conv2dContractTest {
    private static final Window ONE = Window.of(1, 1);
    private static final Window THREE = Window.of(3, 3);

    private static final List<Geometry> GEOMETRIES = List.of(
            // Pointwise: a matrix multiplication, with and without strides.
            Geometry.of(1, 1, 1, 1, 1, ONE), Geometry.of(1, 5, 7, 3, 13, ONE), Geometry.of(2, 8, 8, 64, 33, ONE),
            Geometry.of(1, 7, 7, 33, 64, ONE.stride(2)), Geometry.of(3, 4, 4, 16, 16, ONE),
            Geometry.of(1, 9, 5, 17, 1, ONE.stride(2, 3)), Geometry.of(1, 3, 3, 5, 7, ONE.padding(1)),
            Geometry.of(1, 4, 6, 128, 10, ONE),
            // 3x3 with and without strides and padding.
            Geometry.of(1, 8, 8, 16, 16, THREE.padding(1)), Geometry.of(1, 9, 11, 3, 16, THREE.padding(1).stride(2)),
            Geometry.of(2, 5, 5, 1, 1, THREE), Geometry.of(1, 13, 6, 7, 19, THREE.stride(2, 1).padding(1)),
            Geometry.of(1, 7, 7, 64, 33, THREE.padding(1)), Geometry.of(1, 6, 6, 33, 64, THREE),
            Geometry.of(1, 10, 10, 13, 1, THREE.stride(3)),
            // Asymmetric padding, also wider than the kernel.
            Geometry.of(1, 6, 7, 4, 5, THREE.padding(0, 1, 2, 0)),
            Geometry.of(1, 5, 5, 16, 8, THREE.padding(2, 0, 0, 1)),
            Geometry.of(1, 3, 4, 3, 5, THREE.padding(4, 3, 2, 5)), Geometry.of(2, 7, 7, 8, 8, THREE.stride(2)
                    .padding(0, 0, 1, 1)),
            // Dilation.
            Geometry.of(1, 9, 9, 16, 16, THREE.dilation(2, 2)), Geometry.of(1, 11, 8, 5, 7, THREE.dilation(3, 2)
                    .padding(2)), Geometry.of(1, 10, 10, 3, 4, THREE.dilation(2, 1).stride(2).padding(1, 2, 3, 0)),
            // Groups.
            Geometry.of(1, 6, 6, 8, 12, THREE.padding(1)).groups(2), Geometry.of(1, 5, 5, 15, 10, THREE).groups(5),
            Geometry.of(2, 4, 4, 32, 32, ONE).groups(2), Geometry.of(1, 6, 6, 33, 66, THREE.stride(2)).groups(11),
            Geometry.of(1, 5, 6, 64, 64, THREE.padding(1)).groups(4),
            // Depthwise, one and two outputs for each channel.
            Geometry.of(1, 8, 8, 16, 16, THREE.padding(1)).groups(16),
            Geometry.of(1, 9, 7, 33, 33, THREE.padding(1).stride(2)).groups(33),
            Geometry.of(2, 6, 6, 7, 14, THREE.padding(1)).groups(7), Geometry.of(1, 7, 7, 64, 128, THREE).groups(64),
            Geometry.of(1, 9, 9, 5, 5, Window.of(5, 5).padding(2)).groups(5),
            Geometry.of(1, 8, 8, 19, 19, THREE.dilation(2, 2).padding(2)).groups(19),
            // The first layer of many networks, and other kernels.
            Geometry.of(1, 17, 15, 3, 16, Window.of(7, 7).stride(2).padding(3)),
            Geometry.of(1, 14, 14, 3, 64, Window.of(7, 7).stride(2).padding(3)),
            Geometry.of(1, 12, 12, 1, 6, Window.of(5, 5)),
            Geometry.of(1, 6, 9, 11, 13, Window.of(1, 3).padding(0, 1, 0, 1)),
            Geometry.of(1, 9, 6, 11, 13, Window.of(3, 1).padding(1, 0, 1, 0)),
            Geometry.of(1, 6, 6, 4, 3, Window.of(2, 2).stride(2)),
            Geometry.of(1, 7, 7, 16, 31, Window.of(4, 2).padding(1)),
            // Images smaller than the kernel, windows over padding alone, empty results.
            Geometry.of(1, 1, 1, 3, 5, THREE.padding(1)), Geometry.of(1, 2, 1, 16, 17, Window.of(5, 5).padding(2)),
            Geometry.of(1, 2, 2, 64, 64, THREE.padding(1)), Geometry.of(2, 1, 2, 5, 6, Window.of(7, 7).padding(3)),
            Geometry.of(1, 1, 1, 2, 3, THREE.padding(3).stride(2)), Geometry.of(1, 0, 3, 4, 5, THREE.padding(2)),
            Geometry.of(1, 2, 2, 3, 4, THREE), Geometry.of(0, 4, 4, 3, 4, THREE),
            // One channel in, one column out.
            Geometry.of(1, 14, 4, 1, 8, Window.of(2, 3).stride(1, 3)),
            Geometry.of(2, 7, 3, 3, 24, Window.of(1, 3).stride(1, 2)).groups(3),
            // One channel with padding at the sides; depthwise windows over padding alone.
            Geometry.of(1, 3, 3, 1, 8, THREE.padding(0, 2, 0, 2)),
            Geometry.of(1, 5, 8, 1, 16, THREE.padding(0, 3, 0, 3)),
            Geometry.of(2, 8, 4, 32, 32, ONE.padding(0, 0, 1, 0)).groups(32),
            Geometry.of(1, 15, 1, 4, 132, THREE.padding(0, 1, 0, 1).stride(2)).groups(4),
            // One channel in, more than a register of them out.
            Geometry.of(1, 8, 9, 1, 33, Window.of(2, 2)), Geometry.of(1, 6, 20, 2, 66, THREE.padding(1)).groups(2),
            // One channel under windows over padding alone.
            Geometry.of(1, 22, 9, 1, 3, Window.of(2, 2).stride(3).padding(3, 4, 1, 3)),
            Geometry.of(1, 19, 6, 4, 32, Window.of(4, 1).stride(8, 1).padding(4, 1, 0, 1)).groups(4),
            // Rows that no window sees.
            Geometry.of(1, 67, 4, 32, 48, Window.of(1, 3).stride(3, 1).padding(0, 1, 0, 1)),
            Geometry.of(1, 40, 12, 3, 24, Window.of(2, 3).stride(5, 1)));

    /** Kernels of 7x7 and more, most depthwise, which spectra may compute where norms bound the errors. */
    private static final List<Geometry> LARGE = List.of(
            Geometry.of(1, 40, 37, 35, 35, Window.of(13, 13).padding(6)).groups(35),
            Geometry.of(2, 20, 17, 33, 33, Window.of(31, 31).padding(15)).groups(33),
            Geometry.of(1, 70, 20, 16, 16, Window.of(31, 15).padding(15, 7, 15, 7)).groups(16),
            Geometry.of(1, 100, 90, 5, 5, Window.of(21, 19).padding(10, 3, 0, 9)).groups(5),
            // Windows over padding alone; images smaller than the kernel.
            Geometry.of(1, 10, 12, 7, 7, Window.of(15, 15).padding(20, 16, 18, 17)).groups(7),
            Geometry.of(1, 3, 5, 66, 66, Window.of(25, 27).padding(24, 26, 24, 26)).groups(66),
            Geometry.of(1, 1, 1, 9, 9, Window.of(11, 11).padding(5)).groups(9),
            Geometry.of(1, 18, 23, 17, 17, Window.of(7, 7).padding(3)).groups(17),
            Geometry.of(1, 33, 30, 12, 12, Window.of(11, 11).stride(2).padding(5)).groups(12),
            Geometry.of(1, 26, 25, 12, 12, Window.of(9, 9).dilation(2, 2).padding(8)).groups(12),
            Geometry.of(1, 15, 14, 6, 12, Window.of(11, 11).padding(5)).groups(6),
            Geometry.of(1, 12, 13, 6, 5, Window.of(9, 9).padding(4)));

    /** Dense 3x3 windows that minimal filtering may compute where norms bound the errors: tiles of 4x4, then of 2x2. */
    private static final List<Geometry> FILTERED = List.of(Geometry.of(1, 8, 8, 16, 16, THREE.padding(1)),
            Geometry.of(2, 9, 11, 19, 33, THREE), Geometry.of(1, 7, 5, 64, 70, THREE.padding(2, 0, 1, 3)),
            Geometry.of(3, 1, 1, 37, 17, THREE.padding(1)), Geometry.of(1, 3, 21, 128, 128, THREE.padding(1)),
            Geometry.of(1, 7, 7, 130, 131, THREE.padding(1)), Geometry.of(2, 5, 4, 200, 100, THREE.padding(1, 2, 0, 0)),
            Geometry.of(1, 2, 3, 17, 1030, THREE.padding(2)), Geometry.of(0, 5, 5, 32, 32, THREE.padding(1)));

    @TestFactory
    Stream<DynamicNode> filtersMinimally() {
        Conv2dSampler sampler = new Conv2dSampler(TypeCombo.CONV2D.getFirst(), "-filtered-",
                new Spread(41, FILTERED.size()));
        List<Conv2dCase> cases = new ArrayList<>();
        for (int i = 0; i < FILTERED.size(); i++) {
            cases.add(sampler.symmetric(i, FILTERED.get(i)).normwise());
        }
        return ContractSuite.of(Conv2dContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> convolvesLargeKernels() {
        List<Conv2dCase> cases = new ArrayList<>();
        add(TypeCombo.CONV2D.getFirst(), LARGE, false, cases);
        add(TypeCombo.CONV2D.getFirst(), LARGE, true, cases);
        cases.addAll(cases.stream().map(Conv2dCase::normwise).toList());
        return ContractSuite.of(Conv2dContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> convolves() {
        List<Conv2dCase> cases = new ArrayList<>();
        for (TypeCombo types : TypeCombo.CONV2D) {
            add(types, GEOMETRIES, false, cases);
            add(types, GEOMETRIES, true, cases);
        }
        return ContractSuite.of(Conv2dContractTest.class, cases);
    }

    /**
     * @param featured whether with residuals and functions
     */
    private static void add(TypeCombo types, List<Geometry> geometries, boolean featured, List<Conv2dCase> cases) {
        int count = geometries.size();
        Conv2dSampler sampler = new Conv2dSampler(types,
                (geometries == LARGE ? "-large" : "") + (featured ? "-featured-" : "-"),
                new Spread((featured ? 37 : 31) * types.toString().hashCode(), count));
        for (int i = 0; i < count; i++) {
            cases.add(featured ? sampler.featured(i, geometries.get(i)) : sampler.plain(i, geometries.get(i)));
        }
    }
}

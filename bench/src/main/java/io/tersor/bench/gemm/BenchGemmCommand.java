package io.tersor.bench.gemm;

import io.tersor.bench.product.ProductCommand;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tersor bench gemm}: matrix multiplications on the backends, beside oneDNN called from C. */
@Command(name = "gemm", mixinStandardHelpOptions = true,
        description = "Times matrix multiplications with constant weights; each result is verified first.")
public final class BenchGemmCommand extends ProductCommand {
    private static final List<String> DEFAULT_SHAPES = List.of("bert-base", "llm-decode", "square-and-small");

    @Option(names = "--shapes", paramLabel = "FILE", split = ",",
            description = "Files of lines 'm k n', or bert-base, llm-decode, square-and-small; these three by default.")
    private List<String> files;

    @Option(names = "--m", paramLabel = "M", description = "With --k and --n: one shape instead.")
    private Integer m;

    @Option(names = "--k", paramLabel = "K", description = "Inner extent.")
    private Integer k;

    @Option(names = "--n", paramLabel = "N", description = "Columns.")
    private Integer n;

    @Override
    protected String operation() {
        return "gemm";
    }

    @Override
    protected List<GemmShape> shapes() {
        if (m == null && k == null && n == null) {
            return (files == null ? DEFAULT_SHAPES : files).stream()
                    .flatMap(file -> GemmShape.LISTS.read(file).stream()).distinct().toList();
        }
        if (m == null || k == null || n == null || files != null) {
            throw wrongUsage("expected either --shapes, or --m, --k and --n");
        }
        return List.of(new GemmShape(m, k, n));
    }
}

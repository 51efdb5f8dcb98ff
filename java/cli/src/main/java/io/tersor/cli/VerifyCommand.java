package io.tersor.cli;

import io.tersor.kernel.Parallelism;
import io.tersor.model.NetworkOptions;
import io.tersor.model.verify.ConformanceCase;
import io.tersor.model.verify.ConformanceCase.Result;
import io.tersor.model.verify.ConformanceCase.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs the cases of ONNX's backend tests. */
@Command(name = "verify", mixinStandardHelpOptions = true,
        description = {"Runs directories in the form of ONNX's backend tests and compares the outputs.",
            "Ends with status 1 if a case fails; one that needs what is not implemented does not fail."})
final class VerifyCommand extends Subcommand {
    @Parameters(paramLabel = "DIR", arity = "1..*",
            description = "A case (model.onnx, test_data_set_*/input_*.pb and output_*.pb), or a directory of cases.")
    private List<Path> folders;

    @Mixin
    private ExecutionOptions execution;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        List<ConformanceCase> cases = new ArrayList<>();
        folders.forEach(folder -> cases.addAll(ConformanceCase.find(folder)));
        NetworkOptions options = execution.networkOptions();
        List<Result> results = new ArrayList<>();
        try (Parallelism _ = options.parallelism(); Progress progress = progress("verify", cases.size())) {
            for (ConformanceCase one : cases) {
                results.add(one.run(options));
                progress.step(one.name());
            }
        }
        if (json) {
            printJson(results.stream().map(VerifyCommand::describe).toList());
        } else {
            print(results);
        }
        return count(results, Status.FAIL) == 0 ? 0 : 1;
    }

    private static Map<String, Object> describe(Result result) {
        Map<String, Object> described = new LinkedHashMap<>();
        described.put("case", result.name());
        described.put("status", label(result.status()));
        described.put("detail", result.detail());
        return described;
    }

    private static String label(Status status) {
        return status.name().toLowerCase(Locale.ROOT);
    }

    private static long count(List<Result> results, Status status) {
        return results.stream().filter(result -> result.status() == status).count();
    }

    private void print(List<Result> results) {
        for (Result result : results) {
            String colour = switch (result.status()) {
                case PASS -> "green";
                case FAIL -> "red";
                case UNSUPPORTED -> "yellow";
            };
            String status = String.format("%-11s", label(result.status()));
            String line = result.detail().isEmpty() ? result.name() : result.name() + ": " + result.detail();
            out().println(styled("@|" + colour + " " + status + "|@") + " " + line);
        }
        out().printf("%d cases: %d pass, %d fail, %d unsupported%n", results.size(), count(results, Status.PASS),
                count(results, Status.FAIL), count(results, Status.UNSUPPORTED));
    }
}

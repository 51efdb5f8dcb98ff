package io.tersor.bench.suite;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The commit of the sources that this was built from.
 *
 * @param commit its hash, where the sources are under version control
 * @param modified whether they had changes besides
 */
record SourceVersion(Optional<String> commit, boolean modified) {
    /** Set by scripts/tersor, which builds what it runs. */
    private static final String ROOT_PROPERTY = "tersor.sources";

    /** Asks git, where the folder of the sources is known. */
    static SourceVersion find() {
        String root = System.getProperty(ROOT_PROPERTY);
        Optional<String> commit = root == null ? Optional.empty() : git(root, "rev-parse", "HEAD");
        return new SourceVersion(commit, commit.isPresent() && git(root, "status", "--porcelain")
                .map(changes -> !changes.isEmpty()).orElse(true));
    }

    private static Optional<String> git(String root, String... arguments) {
        List<String> command = new ArrayList<>(List.of("git", "-C", root));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor() == 0 ? Optional.of(answer) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}

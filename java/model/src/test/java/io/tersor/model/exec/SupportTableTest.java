package io.tersor.model.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.model.Node;
import io.tersor.model.contrib.ContribOperators;
import io.tersor.model.flow.FlowOperators;
import io.tersor.model.ops.Operators;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Keeps {@code java/model/OPERATORS.md} what the code says. To write it anew:
 * {@code ./mvnw -pl java/model -am -Dtest=SupportTableTest -Dtersor.operators.write=true
 * -Dsurefire.failIfNoSpecifiedTests=false test}.
 */
class SupportTableTest {
    private static final String WRITE = "tersor.operators.write";
    private static final String INTRODUCTION = """
            # Operators

            Generated from the code by `SupportTableTest`, which fails where this file is out of date and says in its
            first lines how to write it anew.

            Models of opset 1 to 28 are read; each operator takes the attributes and inputs of all its versions from
            opset 7 up to there, and of older ones where they meant the same. Where kernels are marked, they run what
            they have: f32, u8, s8 and, for products, bf16, 4-bit weights and s32 results, with weights and
            quantization parameters that are constant, on the backends that `tersor doctor` lists (`native`, `onednn`,
            `vector`, `scalar`), the fastest first. **No copy**: the result is the operand's memory under another
            shape. **Runs in Java**: whole runs of elements are moved, or computed in loops that the JVM compiles to
            vectors, for every element type of whole bytes (Cast: f32, s32, s64, u8, s8 and bool). Everything else,
            other element types and shapes of these operators included, is **plain Java**: correct, computed in
            binary64 or 64-bit integers and rounded once, not fast. It takes every element type of the operator's
            specification but strings and complex numbers; operators that move single elements, and loops and sequences
            that take tensors apart, refuse packed types of 2 and 4 bits.

            Passes make faster operators of patterns of these before anything runs, so a node may run as a kernel though
            its operator is not marked: batch normalization is folded into convolutions, activations and sums become
            part of the product before them, chains of QuantizeLinear and DequantizeLinear become quantized kernels.

            **Random numbers** are the same in every run and on every machine where a node has a seed, and new in each run
            where it has none. ONNX prescribes no generator, so other implementations draw other numbers.

            **Control flow** cuts a graph into parts: what lies between these operators runs as said above, fused and
            planned for each part, also inside the bodies; sequences share their tensors instead of copying them.

            """;

    private static Map<String, Integer> onnx() throws IOException {
        Map<String, Integer> since = new TreeMap<>();
        try (InputStream stream = SupportTableTest.class.getResourceAsStream("onnx-operators.txt")) {
            String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            text.lines().filter(line -> !line.startsWith("#")).map(line -> line.split(" "))
                    .forEach(parts -> since.put(parts[0], Integer.parseInt(parts[1])));
        }
        return since;
    }

    private static String way(String operator) {
        return !Operators.names().contains(operator) ? "control flow" : Operators.VIEWS.contains(operator) ? "no copy"
                : Operators.RUNS.contains(operator) ? "runs in Java"
                : KernelLowering.TABLE.containsKey(operator) ? "kernels, else plain Java" : "plain Java";
    }

    private static String table() throws IOException {
        Map<String, Integer> since = onnx();
        StringBuilder text = new StringBuilder(INTRODUCTION);
        text.append("| operator | since opset | runs as |\n|---|---|---|\n");
        Set<String> internal = new TreeSet<>();
        Set<String> names = new TreeSet<>(Operators.names());
        names.addAll(FlowOperators.names());
        for (String name : names) {
            if (name.contains(".")) {
                internal.add(name);
            } else {
                text.append("| ").append(name).append(" | ").append(since.get(name)).append(" | ")
                        .append(way(name)).append(" |\n");
            }
        }
        text.append("\nMade by our own passes: ").append(String.join(", ", internal))
                .append("; only kernels compute them, but for sums that have to be broadcast and recurrent layers.\n");
        String domain = ContribOperators.DOMAIN + ".";
        Map<Boolean, List<String>> translated = ContribOperators.names().stream()
                .collect(Collectors.partitioningBy(name -> name.startsWith(domain)));
        text.append("\nWritten in operators of the table before anything runs, those of ONNX Runtime's domain `")
                .append(ContribOperators.DOMAIN).append("`: ").append(translated.get(true).stream()
                .map(name -> name.substring(domain.length())).collect(Collectors.joining(", ")))
                .append("; and without a domain ").append(String.join(", ", translated.get(false)))
                .append(". Variants that are not implemented are refused with the node's name and the reason.\n");
        Set<String> missing = new TreeSet<>(since.keySet());
        missing.removeAll(names);
        text.append("\nNot implemented: ").append(String.join(", ", missing)).append(".\n");
        return text.toString();
    }

    @Test
    void theTableIsWhatTheCodeSays() throws IOException {
        Path root = Path.of(System.getProperty("tersor.root", System.getProperty("user.dir")));
        Path file = root.resolve("java/model/OPERATORS.md");
        if (Boolean.getBoolean(WRITE)) {
            Files.writeString(file, table());
        }
        assertEquals(table(), Files.readString(file), file + " is out of date: -D" + WRITE + "=true writes it anew");
    }

    @Test
    void everyOperatorOfOnnxIsKnownByItsName() throws IOException {
        Set<String> known = onnx().keySet();
        assertTrue(known.containsAll(FlowOperators.names()), FlowOperators.names()::toString);
        for (String name : Operators.names()) {
            assertTrue(name.startsWith(Node.INTERNAL + ".") || known.contains(name), name);
        }
        for (String name : KernelLowering.TABLE.keySet()) {
            assertTrue(Operators.names().contains(name), name + " has a kernel but no operator");
        }
        assertTrue(Operators.names().containsAll(Operators.VIEWS) && Operators.names().containsAll(Operators.RUNS));
    }
}

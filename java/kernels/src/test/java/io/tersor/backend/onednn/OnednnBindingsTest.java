package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativePlatform;
import io.tersor.ffm.onednn.Dnnl;
import io.tersor.ffm.onednn.dnnl_exec_arg_t;
import io.tersor.ffm.onednn.dnnl_version_t;
import java.io.InputStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The generated bindings against what a C compiler makes of the headers, and against the library. */
class OnednnBindingsTest {
    private static final List<String> HEADERS = List.of("dnnl.h", "dnnl_common.h", "dnnl_common_types.h",
            "dnnl_config.h", "dnnl_types.h", "dnnl_version.h");

    /** What the bindings say, by C expressions: every constant, and sizes and offsets of every structure. */
    private static Map<String, Long> bindings() throws ReflectiveOperationException {
        Map<String, Long> values = new TreeMap<>();
        for (Method method : Dnnl.class.getMethods()) {
            boolean constant = method.getParameterCount() == 0 && method.getDeclaringClass() == Dnnl.class
                    && !functions().containsKey(method.getName()) && !method.getName().contains("$");
            if (constant && method.getReturnType() == int.class) {
                values.put(method.getName(), (long) (int) method.invoke(null));
            } else if (constant && method.getReturnType() == MemorySegment.class) {
                values.put("(intptr_t) " + method.getName(), ((MemorySegment) method.invoke(null)).address());
            }
        }
        structure(values, "dnnl_version_t", dnnl_version_t.layout());
        structure(values, "dnnl_exec_arg_t", dnnl_exec_arg_t.layout());
        values.put("sizeof(dnnl_dim_t)", Dnnl.dnnl_dim_t.byteSize());
        values.put("sizeof(dnnl_status_t)", 4L);
        return values;
    }

    private static void structure(Map<String, Long> values, String name, GroupLayout layout) {
        values.put("sizeof(" + name + ")", layout.byteSize());
        values.put("_Alignof(" + name + ")", layout.byteAlignment());
        for (MemoryLayout member : layout.memberLayouts()) {
            member.name().ifPresent(field -> values.put("offsetof(" + name + ", " + field + ")",
                    layout.byteOffset(MemoryLayout.PathElement.groupElement(field))));
        }
    }

    private static Map<String, FunctionDescriptor> functions() throws ReflectiveOperationException {
        Map<String, FunctionDescriptor> functions = new TreeMap<>();
        for (Method method : Dnnl.class.getMethods()) {
            if (method.getName().endsWith("$descriptor")) {
                functions.put(method.getName().replace("$descriptor", ""), (FunctionDescriptor) method.invoke(null));
            }
        }
        return functions;
    }

    @Test
    void agreeWithACompiler(@TempDir Path directory) throws Exception {
        Optional<Path> compiler = CCompiler.find();
        assumeTrue(compiler.isPresent(), "no C compiler: the bindings are not compared with the headers");
        String include = "org/bytedeco/dnnl/" + NativePlatform.current() + "/include/oneapi/dnnl/";
        Path headers = Files.createDirectories(directory.resolve("oneapi/dnnl"));
        for (String header : HEADERS) {
            try (InputStream in = getClass().getClassLoader().getResourceAsStream(include + header)) {
                assumeTrue(in != null, "no header " + include + header + " on the class path");
                Files.copy(in, headers.resolve(header));
            }
        }
        Map<String, Long> expected = bindings();
        assertTrue(expected.size() > 60, "constants and layouts found: " + expected.size());
        String lines = expected.keySet().stream().map(name -> "    printf(\"%s\\t%lld\\n\", \"" + name
                + "\", (long long)(" + name + "));").collect(Collectors.joining("\n"));
        Path source = Files.writeString(directory.resolve("check.c"), """
                #include <stddef.h>
                #include <stdint.h>
                #include <stdio.h>
                #include <oneapi/dnnl/dnnl.h>
                int main(void) {
                %s
                    return 0;
                }
                """.formatted(lines));
        Path program = directory.resolve("check");
        CCompiler.run(compiler.get(), "-I" + directory, "-o", program.toString(), source.toString());
        Map<String, Long> actual = CCompiler.output(program).lines().map(line -> line.split("\t"))
                .collect(Collectors.toMap(fields -> fields[0], fields -> Long.valueOf(fields[1]), (a, _) -> a,
                        TreeMap::new));
        assertEquals(actual, expected);
    }

    /** A function whose arguments differ in number or size would read garbage without any error. */
    @Test
    void functionsHaveTheHeadersParameters() throws Exception {
        String include = "org/bytedeco/dnnl/" + NativePlatform.current() + "/include/oneapi/dnnl/";
        String text = "";
        for (String header : List.of("dnnl.h", "dnnl_common.h")) {
            try (InputStream in = getClass().getClassLoader().getResourceAsStream(include + header)) {
                assumeTrue(in != null, "no header " + include + header + " on the class path");
                text += new String(in.readAllBytes()).replaceAll("//[^\n]*", "").replaceAll("\\s+", " ")
                        .replace("DNNL_API *", "DNNL_API ");
            }
        }
        for (Map.Entry<String, FunctionDescriptor> function : functions().entrySet()) {
            int start = text.indexOf("DNNL_API " + function.getKey() + "(");
            assertTrue(start >= 0, function.getKey() + " is not declared");
            String parameters = text.substring(text.indexOf('(', start) + 1, text.indexOf(");", start)).trim();
            List<String> names = parameters.equals("void") || parameters.isEmpty() ? List.of()
                    : Arrays.asList(parameters.split(","));
            List<Long> sizes = function.getValue().argumentLayouts().stream().map(MemoryLayout::byteSize).toList();
            assertEquals(names.size(), sizes.size(), function.getKey() + "(" + parameters + ")");
            for (int i = 0; i < sizes.size(); i++) {
                String type = names.get(i).trim();
                // Handles, arrays and 64-bit integers; all others are enumerations, int, unsigned or float.
                boolean large = type.contains("*") || type.matches("(const_)?dnnl_(engine|stream|memory|memory_desc|"
                        + "primitive|primitive_desc|primitive_attr|post_ops)_t \\w+|(const )?dnnl_dims?_t \\w+|"
                        + "size_t \\w+");
                assertEquals(large ? 8 : 4, sizes.get(i), function.getKey() + ": " + type);
            }
        }
    }

    @Test
    void symbolsAreInTheLibrary() throws Exception {
        assumeTrue(Onednn.find().isPresent(), Onednn.missing());
        NativeLibrary library = Onednn.get().library();
        for (String function : functions().keySet()) {
            assertTrue(library.find(function).isPresent(), function);
        }
        assertTrue(library.find("omp_set_num_threads").isPresent());
        assertEquals(Dnnl.DNNL_VERSION_MAJOR(), dnnl_version_t.major(Dnnl.dnnl_version()));
    }
}

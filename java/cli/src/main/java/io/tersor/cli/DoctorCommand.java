package io.tersor.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import io.tersor.ffm.CpuFeatures;
import io.tersor.ffm.Isa;
import io.tersor.ffm.NativeLibrary;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What this machine and this JVM offer, and what of it is used. */
@Command(name = "doctor", mixinStandardHelpOptions = true,
        description = "Shows the CPU, the backends and what keeps one from running.")
final class DoctorCommand extends Subcommand {
    private static final String VECTOR_MODULE = "jdk.incubator.vector";
    private static final String PROPERTIES = "tersor.";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Map<String, Object> cpu = cpu();
        List<BackendStatus> backends = KernelRegistry.standard().statuses();
        String ranking = KernelRegistry.standard().measurements();
        Map<String, Object> jvm = jvm();
        Map<String, String> properties = properties();
        String cache = NativeLibrary.cacheDirectory().map(Path::toString).orElse("none can be used");
        if (json) {
            Map<String, Object> report = new LinkedHashMap<>();
            report.put("version", Version.text());
            report.put("cpu", cpu);
            report.put("backends", backends.stream().map(DoctorCommand::describe).toList());
            report.put("rankedBy", ranking);
            report.put("jvm", jvm);
            report.put("properties", properties);
            report.put("cacheDirectory", cache);
            printJson(report);
            return 0;
        }
        section("tersor " + Version.text());
        section("CPU");
        print("model", cpu.get("model") + ", " + cpu.get("cores") + " cores for this process");
        print("ISA seen", cpu.get("isa"));
        print("ISA used", cpu.get("isaUsed") + (Isa.cap().isPresent() ? " (capped by -D" + Isa.PROPERTY + ")" : ""));
        section("Backends");
        backends.forEach(this::print);
        print("ranked by", ranking);
        section("JVM");
        print("version", jvm.get("version"));
        print("module " + VECTOR_MODULE, present(jvm, "vectorModule", "start Java with --add-modules " + VECTOR_MODULE
                + " for the vector backend"));
        print("native access", present(jvm, "nativeAccess", "start Java with --enable-native-access=ALL-UNNAMED"));
        print("UseAVX", jvm.get("useAvx"));
        print("arguments", jvm.get("arguments"));
        section("Properties that are set");
        properties.forEach(this::print);
        print("cache directory", cache);
        return 0;
    }

    private static Map<String, Object> cpu() {
        CpuFeatures features = CpuFeatures.detect();
        Map<String, Object> cpu = new LinkedHashMap<>();
        cpu.put("model", features.model());
        cpu.put("cores", Runtime.getRuntime().availableProcessors());
        cpu.put("isa", features.isa().label());
        cpu.put("isaUsed", Isa.used().label());
        cpu.put("flags", new TreeSet<>(features.flags()).stream()
                .filter(flag -> flag.matches("(avx|amx|fma|sve|asimd|i8mm|bf16|sse4).*")).toList());
        return cpu;
    }

    private static Map<String, Object> describe(BackendStatus status) {
        Map<String, Object> described = new LinkedHashMap<>();
        described.put("backend", status.backend().label());
        switch (status) {
            case BackendStatus.Available(_, String version, String isa, String origin) -> {
                described.put("available", true);
                described.put("version", version);
                described.put("isa", isa);
                described.put("origin", origin);
            }
            case BackendStatus.Missing(_, String reason) -> {
                described.put("available", false);
                described.put("reason", reason);
            }
        }
        return described;
    }

    private static Map<String, Object> jvm() {
        Map<String, Object> jvm = new LinkedHashMap<>();
        jvm.put("version", System.getProperty("java.vm.name") + " " + Runtime.version());
        jvm.put("home", System.getProperty("java.home"));
        jvm.put("vectorModule", ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent());
        jvm.put("nativeAccess", KernelRegistry.class.getModule().isNativeAccessEnabled());
        jvm.put("useAvx", useAvx().orElse("not an option of this JVM"));
        jvm.put("arguments", new ArrayList<>(ManagementFactory.getRuntimeMXBean().getInputArguments()));
        return jvm;
    }

    private static Optional<String> useAvx() {
        try {
            return Optional.of(ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                    .getVMOption("UseAVX").getValue());
        } catch (IllegalArgumentException failure) {
            return Optional.empty();
        }
    }

    private static Map<String, String> properties() {
        Map<String, String> properties = new TreeMap<>();
        for (String name : System.getProperties().stringPropertyNames()) {
            if (name.startsWith(PROPERTIES)) {
                properties.put(name, System.getProperty(name));
            }
        }
        return properties;
    }

    private void section(String title) {
        out().println(styled("@|bold " + title + "|@"));
    }

    private void print(String name, Object value) {
        out().printf("  %-28s %s%n", name, value);
    }

    private void print(BackendStatus status) {
        String name = status.backend().label();
        switch (status) {
            case BackendStatus.Available(_, String version, String isa, String origin) -> out().println(
                    styled(String.format("  @|green %-8s|@ ", name)) + version + ", " + isa + ", " + origin);
            case BackendStatus.Missing(_, String reason) -> out().println(
                    styled(String.format("  @|red %-8s|@ ", name)) + "missing: " + reason);
        }
    }

    private static String present(Map<String, Object> jvm, String key, String remedy) {
        return Boolean.TRUE.equals(jvm.get(key)) ? "yes" : "no: " + remedy;
    }
}

package io.tersor.bench.results;

import com.sun.management.OperatingSystemMXBean;
import io.tersor.ffm.CpuFeatures;
import io.tersor.ffm.Isa;
import java.lang.management.ManagementFactory;

/**
 * Where it was measured.
 *
 * @param cpu the model, as the system names it
 * @param cores for this process
 * @param isa the highest instruction set that is used, by the labels of {@link Isa}
 * @param memoryBytes of the whole machine
 * @param cacheBytes of the last-level cache as the system tells, 0 if it does not
 * @param os name, version and architecture
 * @param jvm name and version
 */
public record Machine(String cpu, int cores, String isa, long memoryBytes, long cacheBytes, String os, String jvm) {
    /** Returns this machine. */
    public static Machine detect(long cacheBytes) {
        long memory = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
        return new Machine(CpuFeatures.detect().model(), Runtime.getRuntime().availableProcessors(),
                Isa.used().label(), memory, cacheBytes,
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                System.getProperty("java.vm.name") + " " + Runtime.version());
    }
}

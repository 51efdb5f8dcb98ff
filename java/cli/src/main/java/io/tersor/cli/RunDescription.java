package io.tersor.cli;

import io.tersor.model.StepInfo;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;

/** What ran, as the commands that run networks tell it: the kernels, and the zeros that were of no use. */
record RunDescription(List<String> kernels, List<String> notes) {
    static RunDescription of(List<StepInfo> steps) {
        return new RunDescription(steps.stream().map(StepInfo::kernel).distinct().toList(),
                steps.stream().flatMap(step -> step.note().stream()).distinct().toList());
    }

    /** Adds both to a report for programs; notes only where there are some. */
    void addTo(Map<String, Object> report) {
        report.put("kernels", kernels);
        if (!notes.isEmpty()) {
            report.put("notes", notes);
        }
    }

    void print(PrintWriter out) {
        out.println("kernels  " + String.join(", ", kernels));
        notes.forEach(note -> out.println("note     " + note));
    }
}

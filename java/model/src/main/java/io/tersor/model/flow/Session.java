package io.tersor.model.flow;

import io.tersor.model.StepInfo;
import io.tersor.model.StepTime;
import io.tersor.model.ValueObserver;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One run of a program and who watches it. Used by one thread.
 *
 * @param memory where values are
 * @param times where the times of steps are noted, if they are wanted
 * @param observer to whom values are shown, if to anybody
 */
record Session(Workspace memory, Optional<Times> times, Optional<ValueObserver> observer) {
    /** The times of steps, added up over all their runs, in the order of the first ones. */
    static final class Times {
        private final Map<StepInfo, Long> nanos = new LinkedHashMap<>();
        private long sum;

        void add(StepInfo step, long taken) {
            nanos.merge(step, taken, Long::sum);
            sum += taken;
        }

        /** Returns all times noted so far. */
        long sum() {
            return sum;
        }

        List<StepTime> list() {
            return nanos.entrySet().stream().map(entry -> new StepTime(entry.getKey(), entry.getValue())).toList();
        }
    }

    /** Returns the session of a body: its values have names of their own, which nobody outside knows. */
    Session inside() {
        return observer.isEmpty() ? this : new Session(memory, times, Optional.empty());
    }
}

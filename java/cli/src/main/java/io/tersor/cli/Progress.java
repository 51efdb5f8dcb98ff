package io.tersor.cli;

import java.util.Optional;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on standard error, or nothing where that is no terminal. Closing it removes the bar. */
public final class Progress implements AutoCloseable {
    private static final int WIDTH = 80;

    private final Optional<ProgressBar> bar;

    private Progress(Optional<ProgressBar> bar) {
        this.bar = bar;
    }

    static Progress start(Terminal terminal, String task, long steps) {
        if (!terminal.progress()) {
            return new Progress(Optional.empty());
        }
        return new Progress(Optional.of(new ProgressBarBuilder().setTaskName(task).setInitialMax(steps)
                .setStyle(ProgressBarStyle.ASCII).setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
                .clearDisplayOnFinish().build()));
    }

    /** Says that so many steps are done in all. */
    public void reach(long steps) {
        bar.ifPresent(shown -> shown.stepTo(steps));
    }

    /** Says that one more step is done, and which is next. */
    public void step(String next) {
        bar.ifPresent(shown -> shown.step().setExtraMessage(next));
    }

    @Override
    public void close() {
        bar.ifPresent(ProgressBar::close);
    }
}

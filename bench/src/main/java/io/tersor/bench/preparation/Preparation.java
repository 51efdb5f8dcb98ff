package io.tersor.bench.preparation;

import io.tersor.bench.measure.Contender;

/**
 * Something that is prepared and closed again in each run.
 *
 * @param name what was asked for
 * @param kernel what is prepared
 * @param once prepares and closes
 */
record Preparation(String name, String kernel, Runnable once) implements Contender {
    @Override
    public boolean isSlowToCompile() {
        return false;
    }

    @Override
    public long time(int runs) {
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            once.run();
        }
        return System.nanoTime() - start;
    }

    @Override
    public void close() {}
}

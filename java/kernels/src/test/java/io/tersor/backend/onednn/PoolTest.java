package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PoolTest {
    private final AtomicInteger made = new AtomicInteger();
    private final Pool<Object> pool = new Pool<>(() -> {
        made.incrementAndGet();
        return new Object();
    });

    private Set<Object> takeMany(int count) {
        Set<Object> taken = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < count; i++) {
            taken.add(pool.take());
        }
        assertEquals(count, taken.size(), "one was taken twice");
        return taken;
    }

    @Test
    void keepsAsManyAsWereTakenAtOnce() {
        Set<Object> first = takeMany(20);
        first.forEach(pool::giveBack);
        assertEquals(first, takeMany(20));
        assertEquals(20, made.get());
    }

    @Test
    void aThreadGetsItsOwnAgain() throws InterruptedException {
        Object mine = pool.take();
        Object theirs = pool.take();
        Thread other = Thread.ofPlatform().unstarted(() -> pool.giveBack(theirs));
        while ((other.threadId() - Thread.currentThread().threadId()) % Pool.SLOTS == 0) {
            other = Thread.ofPlatform().unstarted(() -> pool.giveBack(theirs));
        }
        other.start();
        other.join();
        pool.giveBack(mine);
        assertSame(mine, pool.take());
        assertSame(theirs, pool.take());
        assertEquals(2, made.get());
    }
}

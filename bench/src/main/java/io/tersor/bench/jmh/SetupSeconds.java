package io.tersor.bench.jmh;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** How long a fork of a benchmark takes on 2 cores before it is warmed up: its JVM's start, operands, verification. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@interface SetupSeconds {
    /** Returns the seconds. */
    double value();
}

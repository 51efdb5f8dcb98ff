package io.tersor.model;

/**
 * What one step took in one run.
 *
 * @param nanos elapsed nanoseconds
 */
public record StepTime(StepInfo step, long nanos) {}

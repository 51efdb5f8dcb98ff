/** The workloads of the suites under JMH. */
package io.tersor.bench.jmh;

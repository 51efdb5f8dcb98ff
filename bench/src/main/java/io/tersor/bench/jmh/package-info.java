/** JMH suites over the workloads. */
package io.tersor.bench.jmh;

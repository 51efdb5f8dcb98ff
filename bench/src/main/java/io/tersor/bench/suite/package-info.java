/** Suites of workloads, measured in forks of this JVM, contenders in turn; and the command that runs all of them. */
package io.tersor.bench.suite;

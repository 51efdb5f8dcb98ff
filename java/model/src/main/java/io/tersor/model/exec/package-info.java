/** Lowering to steps for fixed shapes, the memory plan, and running. */
package io.tersor.model.exec;

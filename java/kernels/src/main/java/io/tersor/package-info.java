/** Root of the library: the exception that every failure of it derives from. */
package io.tersor;

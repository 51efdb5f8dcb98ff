/** Turns networks into smaller, faster ones: recipes, and the calibration that they need. */
package io.tersor.compress;

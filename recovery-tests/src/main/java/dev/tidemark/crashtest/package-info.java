/**
 * The crash tester: what proves Tidemark can prove any log that implements {@link dev.tidemark.crashtest.LogAdapter}.
 *
 * <p>The log runs in child processes. The parent tells them what to do, kills them, hurts their files, and judges what they read afterwards:
 * what was acknowledged is there, in order, byte for byte, and nothing is there that was not submitted. {@code docs/crash-test.md} says what
 * that shows and what it does not.
 */
@NullMarked
package dev.tidemark.crashtest;

import org.jspecify.annotations.NullMarked;

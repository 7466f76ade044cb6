/** A browser, for tests of what the server shows. */
@NullMarked
package dev.tidemark.server.browser;

import org.jspecify.annotations.NullMarked;

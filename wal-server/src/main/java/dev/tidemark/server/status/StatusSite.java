package dev.tidemark.server.status;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files of the status page. They have no data, so they are for everybody who can connect: who has to show a token gives it to the page, which asks for the data with it.
 *
 * <p><b>Threads.</b> Any; all of it is in memory.
 */
public final class StatusSite {
    /** Where the page asks for data. */
    public static final String API = "/status/api/";

    /** Nothing from elsewhere, nothing but files of ours runs, and nobody shows the page as a part of theirs. */
    public static final String CONTENT_SECURITY_POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final Map<String, File> FILES = Map.of(
            "/", file("status.html", "text/html; charset=utf-8"),
            "/status", file("status.html", "text/html; charset=utf-8"),
            "/status/status.css", file("status.css", "text/css; charset=utf-8"),
            "/status/status.js", file("status.js", "text/javascript; charset=utf-8"),
            "/status/charts.js", file("charts.js", "text/javascript; charset=utf-8"),
            "/status/icon.svg", file("icon.svg", "image/svg+xml"));

    private StatusSite() {}

    /** One file; who gets it does not change it. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record File(String type, byte[] content) {}

    /** The file at this place, if there is one. */
    public static @Nullable File at(String path) {
        return FILES.get(path);
    }

    private static File file(String name, String type) {
        try (InputStream in = StatusSite.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("a file of the status page is missing: " + name);
            }
            return new File(type, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

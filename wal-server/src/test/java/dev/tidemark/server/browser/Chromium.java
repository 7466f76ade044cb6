package dev.tidemark.server.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A browser without a window, in a process of its own, told what to do by its protocol for developers.
 *
 * <p><b>Threads.</b> One test's. Owns a daemon thread that reads what the process says, to its end.
 */
public final class Chromium implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Pattern LISTENING = Pattern.compile("DevTools listening on ws://([^/]+)/.*");
    private static final Pattern SOCKET = Pattern.compile("\"webSocketDebuggerUrl\":\\s*\"([^\"]+)\"");

    private final Process process;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    private final String address;

    private Chromium(Process process, String address) {
        this.process = process;
        this.address = address;
    }

    /**
     * Starts it. Where there is none the test is skipped and says so; or fails, where the environment says with {@code TIDEMARK_CI=true} that everything that can be installed is.
     *
     * @param profile where it keeps what it keeps. Left behind, as output of the build: it writes there until its last process has ended
     */
    public static Chromium start(Path profile) throws Exception {
        Optional<Path> program = find();
        if (program.isEmpty()) {
            String reason = "the status page is not looked at: no chromium found";
            if ("true".equals(System.getenv("TIDEMARK_CI"))) {
                fail(reason);
            }
            System.out.println("skipped: " + reason);
            Assumptions.abort(reason);
        }
        Files.createDirectories(profile);
        Process process = new ProcessBuilder(
                        program.orElseThrow().toString(),
                        "--headless=new",
                        "--remote-debugging-port=0",
                        "--user-data-dir=" + profile.toAbsolutePath(),
                        "--no-sandbox",
                        "--no-first-run",
                        "--no-default-browser-check",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--disable-extensions",
                        "--disable-sync",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-breakpad",
                        "--disable-crash-reporter",
                        "--hide-scrollbars",
                        "--lang=en-GB",
                        "about:blank")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            return new Chromium(process, address(process).get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        } catch (Exception | Error e) {
            end(process);
            throw e;
        }
    }

    private static Optional<Path> find() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .flatMap(directory -> Stream.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
                        .map(name -> Path.of(directory, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private static CompletableFuture<String> address(Process process) {
        CompletableFuture<String> found = new CompletableFuture<>();
        Thread reader = new Thread(
                () -> {
                    StringBuilder said = new StringBuilder();
                    try (BufferedReader lines = process.errorReader(StandardCharsets.UTF_8)) {
                        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                            Matcher listening = LISTENING.matcher(line);
                            if (listening.matches()) {
                                found.complete(listening.group(1));
                            }
                            if (!found.isDone()) {
                                said.append(line).append('\n');
                            }
                        }
                    } catch (IOException e) {
                        said.append(e);
                    }
                    found.completeExceptionally(new IOException("the browser has ended: " + said));
                },
                "browser-says");
        reader.setDaemon(true);
        reader.start();
        return found;
    }

    /** A new page, empty. */
    public BrowserPage page() throws Exception {
        HttpResponse<String> made = http.send(
                HttpRequest.newBuilder(URI.create("http://" + address + "/json/new?about:blank"))
                        .PUT(HttpRequest.BodyPublishers.noBody())
                        .timeout(PATIENCE)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        Matcher socket = SOCKET.matcher(made.body());
        assertThat(socket.find()).as(made.body()).isTrue();
        return BrowserPage.connect(http, URI.create(socket.group(1)));
    }

    @Override
    public void close() throws InterruptedException {
        end(process);
    }

    private static void end(Process process) throws InterruptedException {
        List<ProcessHandle> all = process.descendants().toList();
        process.destroyForcibly();
        all.forEach(ProcessHandle::destroyForcibly);
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    }
}

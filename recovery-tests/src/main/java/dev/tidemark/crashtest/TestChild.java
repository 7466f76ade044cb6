package dev.tidemark.crashtest;

import dev.tidemark.wal.io.Clock;
import dev.tidemark.wal.io.Environment;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A process in which the log runs, as its parent sees it. Every wait has an end: a child that says nothing for too long is killed.
 *
 * <p><b>Threads.</b> One uses it; any may {@link #kill} it. A thread of its own reads what the child reports, so that not even a pipe that somebody
 * else holds open can make the parent wait for ever.
 */
final class TestChild implements AutoCloseable {
    private static final long EXIT_SECONDS = 10;
    private static final int QUEUED_REPORTS = 4096;
    private static final int SILENCES_IN_ALL = 3;
    private static final int SHOWN_LOG_LINES = 3;
    private static final long NEVER = Long.MAX_VALUE;

    /**
     * How children are started.
     *
     * @param adapter the adapter's class
     * @param classPath where it is; in front of our own
     * @param javaOptions options for its JVM
     * @param patience how long one may say nothing
     * @param log where its standard error goes
     */
    record Settings(
            String adapter, List<String> classPath, List<String> javaOptions, long seed, Duration patience, Path log) {}

    private sealed interface Heard {
        record Report(Message message) implements Heard {}

        record End() implements Heard {}

        record Garbage(String text) implements Heard {}
    }

    private final Settings settings;
    private final Process process;
    private final Clock clock = Environment.real().clock();
    private final Thread listener = new Thread(this::listen, "crash-test-child");
    private final BlockingQueue<Heard> heard = new ArrayBlockingQueue<>(QUEUED_REPORTS);
    private Optional<AdapterTraits> traits = Optional.empty();
    private long killAtNanos = NEVER;
    private boolean isKillPlanned;

    private TestChild(Settings settings, Process process) {
        this.settings = settings;
        this.process = process;
    }

    /**
     * Starts one.
     *
     * @param runner the command of a program that runs it; empty if none does
     */
    static TestChild start(Settings settings, List<String> runner) throws IOException {
        List<String> command = new ArrayList<>(runner);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Dlogback.configurationFile=logback.xml"));
        command.addAll(settings.javaOptions());
        List<String> classPath = new ArrayList<>(settings.classPath());
        classPath.add(System.getProperty("java.class.path"));
        command.addAll(List.of("-cp", String.join(System.getProperty("path.separator"), classPath)));
        command.addAll(List.of(ChildMain.class.getName(), settings.adapter(), Long.toString(settings.seed())));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(settings.log().toFile()))
                .start();
        TestChild child = new TestChild(settings, process);
        child.listener.setDaemon(true);
        child.listener.start();
        return child;
    }

    private void listen() {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(process.getInputStream(), 256 << 10))) {
            Optional<Message> message = Message.readFrom(in);
            while (message.isPresent()) {
                heard.put(new Heard.Report(message.get()));
                message = Message.readFrom(in);
            }
            heard.put(new Heard.End());
        } catch (IOException e) {
            hearLast(new Heard.Garbage(String.valueOf(e.getMessage())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void hearLast(Heard last) {
        try {
            heard.put(last);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until the adapter is there. */
    void awaitHello() throws AdapterFailureException {
        List<Message> said = new ArrayList<>();
        Ending ending = hear(settings.patience(), message -> {
            said.add(message);
            return true;
        });
        if (!ending.is(Ending.How.DONE)) {
            throw new AdapterFailureException("the process did not come up: " + ending.text());
        }
        Message first = said.get(0);
        if (first.kind() == Message.Kind.UNKNOWN_ADAPTER) {
            throw new UnknownAdapterException(first.text());
        }
        traits = Optional.of(AdapterTraits.parse(first.text()));
    }

    /** What the adapter says about itself. */
    AdapterTraits traits() {
        return traits.orElseThrow();
    }

    /** Tells it what to do. */
    void send(Object... words) throws AdapterFailureException {
        StringBuilder line = new StringBuilder();
        for (Object word : words) {
            line.append(line.isEmpty() ? "" : "\t").append(word);
        }
        try {
            process.getOutputStream().write(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (IOException e) {
            throw new AdapterFailureException("the process has ended before it was told what to do" + logged());
        }
    }

    /** Hears it out: until it has done what it was told. */
    Ending hearOut(Duration patience, Consumer<Message> listener) {
        return hear(patience, message -> {
            listener.accept(message);
            return false;
        });
    }

    private interface Listener {
        /** Takes a report, and says whether that is enough. */
        boolean take(Message message);
    }

    private Ending hear(Duration patience, Listener listener) {
        long silentSince = clock.nanos();
        long began = silentSince;
        long mostNanos = patience.toNanos();
        while (true) {
            long now = clock.nanos();
            if (now - killAtNanos >= 0 && killAtNanos != NEVER && !isKillPlanned) {
                isKillPlanned = true;
                kill();
            }
            boolean isTooLong = !isKillPlanned && killAtNanos == NEVER && now - began > SILENCES_IN_ALL * mostNanos;
            if (now - silentSince > mostNanos || isTooLong) {
                kill();
                return new Ending(
                        Ending.How.HUNG,
                        "no answer within " + patience.toMillis() + " ms" + (isTooLong ? ", only talk" : "")
                                + logged());
            }
            Optional<Heard> next = poll(Math.min(mostNanos - (now - silentSince), untilKill(now)));
            if (next.isEmpty()) {
                continue;
            }
            silentSince = clock.nanos();
            if (next.get() instanceof Heard.Garbage garbage) {
                kill();
                return new Ending(
                        Ending.How.GARBLED, "standard output is not ours alone: " + garbage.text() + logged());
            }
            if (!(next.get() instanceof Heard.Report report)) {
                return isKillPlanned ? new Ending(Ending.How.KILLED, "") : ended();
            }
            switch (report.message().kind()) {
                case DONE -> {
                    return new Ending(Ending.How.DONE, "");
                }
                case FAILED -> {
                    return new Ending(Ending.How.FAILED, report.message().text() + logged());
                }
                default -> {
                    if (listener.take(report.message())) {
                        return new Ending(Ending.How.DONE, "");
                    }
                }
            }
        }
    }

    private long untilKill(long now) {
        return isKillPlanned || killAtNanos == NEVER ? NEVER : Math.max(0, killAtNanos - now);
    }

    private Optional<Heard> poll(long nanos) {
        try {
            return Optional.ofNullable(heard.poll(nanos, TimeUnit.NANOSECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoppedException();
        }
    }

    private Ending ended() {
        return new Ending(Ending.How.ENDED, "the process ended by itself: " + exitCode() + logged());
    }

    private String exitCode() {
        try {
            return process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)
                    ? "exitCode=" + process.exitValue()
                    : "closed its output";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoppedException();
        }
    }

    /** Kills it so much later, while it is heard. */
    void killAfter(Duration delay) {
        killAtNanos = clock.nanos() + delay.toNanos();
    }

    /** SIGKILL, to it and to what it has started. The pipe stays open: what is in it was said. */
    void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.toHandle().destroyForcibly();
    }

    /** Lets it end by itself, and waits for that: who runs it may have something to write then. */
    void endInOrder() throws AdapterFailureException {
        closeQuietly(process.getOutputStream());
        try {
            if (!process.waitFor(settings.patience().toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AdapterFailureException("the process does not end: pid=" + process.pid() + logged());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoppedException();
        }
    }

    /** The last lines of its standard error, in brackets. */
    private String logged() {
        try {
            List<String> lines = Files.readAllLines(settings.log(), StandardCharsets.ISO_8859_1).stream()
                    .filter(line -> !line.isBlank() && !line.startsWith("\tat "))
                    .toList();
            List<String> last = lines.subList(Math.max(0, lines.size() - SHOWN_LOG_LINES), lines.size());
            return last.isEmpty() ? "" : " (it logged: " + String.join(" | ", last) + ')';
        } catch (IOException e) {
            return " (its log cannot be read: " + e + ')';
        }
    }

    /** Kills it if it lives, and waits until it is gone: nothing of it may touch the log any more. */
    @Override
    public void close() {
        kill();
        // It may wait for room in a queue that nobody empties any more.
        listener.interrupt();
        closeQuietly(process.getOutputStream());
        try {
            if (!process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("a killed process does not end: pid=" + process.pid());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void closeQuietly(OutputStream commands) {
        try {
            commands.close();
        } catch (IOException e) {
            // A command that the dead process has not read; whoever sent it was told.
            return;
        }
    }
}

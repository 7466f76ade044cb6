package dev.tidemark.mutant;

import dev.tidemark.stress.ChildJvm;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The other end of a {@link MutantWorker}: starts it, asks it, and starts another one when a mutant has stopped it, or when it may
 * have suffered from mutants that hang or lose memory.
 *
 * <p><b>Threads.</b> One, and one that waits for answers.
 */
final class WorkerJvm implements Worker, AutoCloseable {
    private static final List<String> OPTIONS = List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-Dio.netty.leakDetection.level=disabled",
            // What draws a seed by itself draws this one: a mutant is caught each time or never.
            "-Dtidemark.seed=1",
            "-Dlogback.configurationFile=dev/tidemark/stress/quiet-logback.xml");

    /** Each mutant may leave threads and memory behind. */
    private static final int MOST_ASKED = 16;
    /** Something hung, and hangs still. */
    private static final long LONGEST_HEALTHY_SECONDS = 12;

    private static final int LINES_SHOWN = 30;
    private static final long LONGEST_END_SECONDS = 60;

    private final Path log;
    private final long longestSeconds;
    private final ExecutorService listener = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "mutant-listener");
        thread.setDaemon(true);
        return thread;
    });
    private @Nullable Process process;
    private int asked;

    /**
     * @param log what the processes print
     * @param longestSeconds a part that takes longer hangs
     */
    WorkerJvm(Path log, long longestSeconds) {
        this.log = log;
        this.longestSeconds = longestSeconds;
    }

    /** A process that others have used may fail for what they left behind: then a new one is asked, once. */
    @Override
    public Findings run(String classes, Mutant.Attempt attempt) throws Broken, InterruptedException {
        if (asked >= MOST_ASKED) {
            stop();
        }
        boolean isNew = asked == 0;
        try {
            return runOnce(classes, attempt);
        } catch (Broken e) {
            if (isNew) {
                throw e;
            }
            return runOnce(classes, attempt);
        }
    }

    private Findings runOnce(String classes, Mutant.Attempt attempt) throws Broken, InterruptedException {
        asked++;
        long began = System.nanoTime();
        Future<Findings> answer = listener.submit(() -> ask(classes, attempt));
        boolean isHealthy = false;
        try {
            Findings findings = answer.get(longestSeconds, TimeUnit.SECONDS);
            isHealthy = System.nanoTime() - began < TimeUnit.SECONDS.toNanos(LONGEST_HEALTHY_SECONDS);
            return findings;
        } catch (TimeoutException e) {
            return Findings.caught(0, "did not end within " + longestSeconds + " s");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Broken broken) {
                throw broken;
            }
            throw new Broken(attempt + ": the process that tried it has gone (" + e.getCause() + ")" + endOfLog(), e);
        } finally {
            if (!isHealthy) {
                stop();
            }
        }
    }

    private Findings ask(String classes, Mutant.Attempt attempt) throws IOException, Broken {
        Process worker = running();
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(worker.getOutputStream()));
        out.writeUTF(classes);
        out.writeUTF(attempt.part().name());
        out.writeUTF(attempt.what());
        out.flush();
        // Unbuffered: what belongs to the next answer must not be read ahead.
        DataInputStream in = new DataInputStream(worker.getInputStream());
        if (!in.readBoolean()) {
            throw new Broken(attempt + ": " + in.readUTF() + endOfLog(), null);
        }
        long tried = in.readLong();
        int count = in.readInt();
        List<String> failures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            failures.add(in.readUTF());
        }
        return new Findings(tried, failures);
    }

    private String endOfLog() {
        try {
            List<String> lines = List.of(new String(Files.readAllBytes(log), StandardCharsets.UTF_8).split("\n"));
            return "; the end of what it printed:\n  "
                    + String.join("\n  ", lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size()));
        } catch (IOException e) {
            return "; what it printed cannot be read: " + e;
        }
    }

    private synchronized Process running() throws IOException {
        Process known = process;
        if (known == null) {
            known = new ProcessBuilder(ChildJvm.command("256m", OPTIONS, MutantWorker.class.getName()))
                    .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            process = known;
        }
        return known;
    }

    /** Ends the process and those that it has started, and sees them gone. */
    private synchronized void stop() throws InterruptedException {
        asked = 0;
        Process known = process;
        process = null;
        if (known == null) {
            return;
        }
        List<ProcessHandle> children = known.descendants().toList();
        known.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
        if (!known.waitFor(LONGEST_END_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("a process does not end: pid=" + known.pid());
        }
    }

    @Override
    public void close() throws InterruptedException {
        listener.shutdownNow();
        stop();
    }
}

package dev.tidemark.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Commands as processes of their own, for what only a process can show: pipes, signals, locks. */
final class CliProcess {
    private static final long MAX_SECONDS = 60;

    private CliProcess() {}

    /** The words that start {@code wal} with these arguments. */
    static List<String> command(Object... args) {
        List<String> command = new ArrayList<>();
        if (ignoresInterrupts()) {
            // A build that a shell runs in the background ignores Ctrl-C, and so would every process it starts.
            command.addAll(List.of("env", "--default-signal=INT"));
        }
        List<String> java = DemoChild.java();
        command.addAll(java);
        // Each lives for a second or two: what starts fast is all that counts.
        command.addAll(command.indexOf("-cp"), List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        for (Object arg : args) {
            command.add(arg.toString());
        }
        return command;
    }

    /** As {@link #command}, with more options for the JVM, which count more than those of this one. */
    static List<String> commandWith(List<String> options, Object... args) {
        List<String> command = command(args);
        command.addAll(command.indexOf("-cp"), options);
        return command;
    }

    /** The words that start another main class as this JVM was started. */
    static List<String> main(Class<?> main, Object... args) {
        List<String> command = command(args);
        command.set(command.indexOf(Main.class.getName()), main.getName());
        return command;
    }

    /** Whether this process was started with SIGINT ignored: the second bit of the mask that the kernel shows. */
    private static boolean ignoresInterrupts() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("SigIgn:"))
                    .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
        } catch (IOException e) {
            return false;
        }
    }

    static Process start(List<String> command, Path err) throws IOException {
        return new ProcessBuilder(command).redirectError(err.toFile()).start();
    }

    /** Runs a line of shell in which {@code $WAL} stands for the command. */
    static Process shell(String line, Path err) throws IOException {
        StringBuilder wal = new StringBuilder();
        for (String word : command()) {
            wal.append('\'').append(word.replace("'", "'\\''")).append("' ");
        }
        return start(List.of("bash", "-c", line.replace("$WAL", wal)), err);
    }

    /** Waits for the end and gives the exit code. */
    static int exitCode(Process process) throws InterruptedException {
        if (!process.waitFor(MAX_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("process did not end: pid=" + process.pid());
        }
        return process.exitValue();
    }

    static String allOf(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    static void signal(Process process, String name) throws IOException, InterruptedException {
        int sent = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .start()
                .waitFor();
        if (sent != 0) {
            throw new AssertionError("signal was not sent: pid=" + process.pid());
        }
    }
}

package dev.tidemark.cli;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The process that appends until it is killed: the same Java, the same classes, another main thread.
 *
 * <p><b>Threads.</b> One starts it and reads what it says; any may kill it.
 */
final class DemoChild implements AutoCloseable {
    private static final int PIPE_BUFFER_BYTES = 256 << 10;
    private static final long EXIT_SECONDS = 10;

    private final Process process;
    private final DataInputStream messages;
    private final Path log;

    private DemoChild(Process process, Path log) {
        this.process = process;
        this.messages = new DataInputStream(new BufferedInputStream(process.getInputStream(), PIPE_BUFFER_BYTES));
        this.log = log;
    }

    /** Starts it. */
    static DemoChild start(Path store, Path log, long seed) throws IOException {
        List<String> command = new ArrayList<>(java());
        command.addAll(List.of("demo-writer", "--data", store.toString(), "--seed", Long.toString(seed)));
        return new DemoChild(
                new ProcessBuilder(command).redirectError(log.toFile()).start(), log);
    }

    /** How this JVM would be started again. */
    static List<String> java() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            // Not what stands for this one process, such as a debugger or an agent.
            if (option.startsWith("--") || option.startsWith("-X") || option.equals("-ea")) {
                command.add(option);
            }
        }
        // Standard output is for what the command has to say, so logs go to standard error, whatever else the class
        // path holds.
        command.add("-Dlogback.configurationFile=logback.xml");
        String classPath = System.getProperty("java.class.path");
        if (classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)) {
            // With -jar the manifest's own flags count, with -cp they do not.
            command.addAll(List.of("-jar", classPath));
        } else {
            command.addAll(List.of("-cp", classPath, Main.class.getName()));
        }
        return command;
    }

    long pid() {
        return process.pid();
    }

    /** What it says; ends when it does. */
    DataInputStream messages() {
        return messages;
    }

    /**
     * SIGKILL: the process gets no chance to do anything more. The pipe stays open, since what was in it was said.
     *
     * @return whether the signal was sent to a process that was alive
     */
    boolean kill() {
        return process.toHandle().destroyForcibly();
    }

    /** The exit code, once it is dead. */
    int exitCode() throws IOException {
        try {
            if (!process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException(
                        "process does not end after SIGKILL: pid=" + pid() + " waitedSeconds=" + EXIT_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for the end of the process: pid=" + pid(), e);
        }
        return process.exitValue();
    }

    /** What it wrote to standard error. */
    String log() throws IOException {
        try (InputStream in = Files.newInputStream(log)) {
            return new String(in.readNBytes(4096), StandardCharsets.UTF_8).strip();
        }
    }

    @Override
    public void close() {
        kill();
    }
}

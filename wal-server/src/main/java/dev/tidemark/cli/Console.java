package dev.tidemark.cli;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/**
 * Where a command reads and writes: the three streams of the process, and whether people look at them.
 *
 * <p><b>Threads.</b> {@link #err()} may be used by any thread, the rest by the thread that runs the command.
 */
public final class Console {
    private final InputStream in;
    private final Output out;
    private final PrintWriter err;
    private final boolean isOutTerminal;
    private final boolean isErrTerminal;
    private final boolean isInTerminal;
    private final boolean isColourWanted;
    private final Map<String, String> environment;

    /** With these streams, and whether a person looks at what goes out. One who looks at all of it is there to be asked. */
    public Console(
            InputStream in,
            OutputStream out,
            OutputStream err,
            boolean isOutTerminal,
            boolean isErrTerminal,
            Map<String, String> environment) {
        this(in, out, err, isOutTerminal && isErrTerminal, isOutTerminal, isErrTerminal, environment);
    }

    private Console(
            InputStream in,
            OutputStream out,
            OutputStream err,
            boolean isInTerminal,
            boolean isOutTerminal,
            boolean isErrTerminal,
            Map<String, String> environment) {
        this.in = in;
        this.isInTerminal = isInTerminal;
        this.out = new Output(out);
        this.err = new PrintWriter(new OutputStreamWriter(err, StandardCharsets.UTF_8), true);
        this.isOutTerminal = isOutTerminal;
        this.isErrTerminal = isErrTerminal;
        this.environment = Map.copyOf(environment);
        this.isColourWanted = environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "dumb").equals("dumb");
    }

    /** The streams of this process. */
    public static Console ofProcess() {
        return new Console(
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                isTerminal(0),
                isTerminal(1),
                isTerminal(2),
                System.getenv());
    }

    /**
     * Whether one of our streams is a terminal. Linux tells it of each stream. Elsewhere the JDK could only tell it of input and output together, and
     * not the same way in every version: there output is plain, which is always right.
     */
    private static boolean isTerminal(int fileDescriptor) {
        Path link = Path.of("/proc/self/fd/" + fileDescriptor);
        if (Files.isSymbolicLink(link)) {
            try {
                String target = Files.readSymbolicLink(link).toString();
                return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
            } catch (IOException e) {
                // Plain output is always right, if less pretty.
                return false;
            }
        }
        return false;
    }

    /** The variables of the process. */
    Map<String, String> environment() {
        return environment;
    }

    InputStream in() {
        return in;
    }

    /** Whether there is a person who sees a question and can answer it. */
    boolean canAsk() {
        return isInTerminal && isErrTerminal;
    }

    /** Asks something that is done only if the answer is yes; no answer is no. */
    boolean isAnsweredYes(String question) throws IOException {
        err.print("wal: " + question + " [y/N] ");
        err.flush();
        String answer = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine();
        return answer != null && answer.strip().toLowerCase(Locale.ROOT).matches("y|yes");
    }

    /** Standard output. */
    public Output out() {
        return out;
    }

    /** Standard error. */
    public PrintWriter err() {
        return err;
    }

    /** Whether progress may be drawn over itself on standard error. */
    boolean canRedrawErr() {
        return isErrTerminal;
    }

    /** How to mark up what goes to standard output. */
    public Paint paint() {
        return new Paint(isOutTerminal && isColourWanted);
    }

    /** How to mark up what goes to standard error. */
    public Paint errPaint() {
        return new Paint(isErrTerminal && isColourWanted);
    }
}

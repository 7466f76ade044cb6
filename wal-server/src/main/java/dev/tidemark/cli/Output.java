package dev.tidemark.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Standard output: bytes and lines, buffered. Unlike {@link java.io.PrintStream} it notices that nobody reads any more, so
 * a command in a pipe into {@code head} ends instead of going on for nobody.
 *
 * <p><b>Threads.</b> Confined to the thread that runs the command.
 */
public final class Output {
    private static final int BUFFER_BYTES = 64 << 10;

    private final OutputStream target;
    private boolean isBroken;

    Output(OutputStream target) {
        this.target = new BufferedOutputStream(target, BUFFER_BYTES);
    }

    /** One line of text. */
    public Output line(String text) {
        return bytes(text.getBytes(StandardCharsets.UTF_8)).newLine();
    }

    /** One line, as {@link String#format} makes it. */
    public Output line(String format, Object... values) {
        return line(String.format(Locale.ROOT, format, values));
    }

    /** These bytes, as they are. */
    public Output bytes(byte[] bytes) {
        try {
            target.write(bytes);
            return this;
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /** Ends a line. */
    public Output newLine() {
        try {
            target.write('\n');
            return this;
        } catch (IOException e) {
            throw failure(e);
        }
    }

    /** The same output for those who need a writer; it does not notice when nobody reads any more. */
    PrintWriter writer() {
        return new PrintWriter(new OutputStreamWriter(target, StandardCharsets.UTF_8));
    }

    /** Hands on what was buffered. */
    public void flush() {
        if (isBroken) {
            // It has been reported; the bytes are still in the buffer and would fail again.
            return;
        }
        try {
            target.flush();
        } catch (IOException e) {
            throw failure(e);
        }
    }

    private RuntimeException failure(IOException e) {
        isBroken = true;
        String message = String.valueOf(e.getMessage());
        if (message.toLowerCase(Locale.ROOT).contains("pipe")) {
            return new OutputClosedException(e);
        }
        return new CommandFailure(
                ExitCode.FAILED, "OUTPUT_FAILED", "standard output cannot be written (" + message + ')', "");
    }
}

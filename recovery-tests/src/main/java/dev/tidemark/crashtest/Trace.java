package dev.tidemark.crashtest;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * Reads what strace has written down, call by call: when each began, and when it returned. A thread that is traced stands still until its line is written, so
 * what returned before something else began is written before it.
 *
 * <p><b>Threads.</b> One.
 */
final class Trace {
    private static final String UNFINISHED = " <unfinished ...>";
    private static final String RESUMED = " resumed>";

    /** Who follows the calls. */
    interface Listener {
        /** A call has begun; the answer is handed back when it returns. */
        long began(SystemCall call) throws NotRecordableException;

        /**
         * A call has returned and succeeded.
         *
         * @param result what it returned, not negative
         * @param note what was answered when it began
         */
        void returned(SystemCall call, long result, long note) throws NotRecordableException, IOException;

        /** A call has returned and failed. */
        void failed(SystemCall call) throws NotRecordableException;
    }

    private record Begun(SystemCall call, String arguments, long note) {}

    private final Map<String, Begun> unfinished = new HashMap<>();
    private final Listener listener;

    private Trace(Listener listener) {
        this.listener = listener;
    }

    /** Reads all of it. */
    static void read(Path file, Listener listener) throws IOException, NotRecordableException {
        Trace trace = new Trace(listener);
        try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            String line = lines.readLine();
            while (line != null) {
                trace.take(line);
                line = lines.readLine();
            }
        }
    }

    private void take(String line) throws IOException, NotRecordableException {
        int space = line.indexOf(' ');
        if (space < 0) {
            throw new NotRecordableException("the trace has a line that is none: " + shortened(line));
        }
        String thread = line.substring(0, space);
        String rest = line.substring(space).strip();
        if (rest.startsWith("+++") || rest.startsWith("---")) {
            return;
        }
        if (rest.startsWith("<... ")) {
            resumed(thread, rest);
            return;
        }
        int open = rest.indexOf('(');
        if (open < 0) {
            throw new NotRecordableException("the trace has a line that is none: " + shortened(line));
        }
        String name = rest.substring(0, open);
        if (rest.endsWith(UNFINISHED)) {
            String arguments = rest.substring(open + 1, rest.length() - UNFINISHED.length());
            SystemCall call = SystemCall.of(name, arguments);
            unfinished.put(thread, new Begun(call, arguments, listener.began(call)));
            return;
        }
        int end = endOfArguments(rest);
        SystemCall call = SystemCall.of(name, rest.substring(open + 1, end));
        returned(call, rest.substring(end), listener.began(call));
    }

    private void resumed(String thread, String rest) throws IOException, NotRecordableException {
        Begun begun = unfinished.remove(thread);
        int from = rest.indexOf(RESUMED);
        if (begun == null || from < 0) {
            throw new NotRecordableException("the trace goes on with a call that it did not begin: " + shortened(rest));
        }
        int end = endOfArguments(rest);
        String more = rest.substring(from + RESUMED.length(), Math.max(end, from + RESUMED.length()));
        SystemCall whole = more.isEmpty() ? begun.call : SystemCall.of(begun.call.name(), begun.arguments + more);
        returned(whole, rest.substring(end), begun.note);
    }

    /** Where the bracket closes before the result. */
    private static int endOfArguments(String text) throws NotRecordableException {
        int equals = text.lastIndexOf(" = ");
        int close = equals < 0 ? -1 : text.lastIndexOf(')', equals);
        if (close < 0) {
            throw new NotRecordableException("the trace has a call without a result: " + shortened(text));
        }
        return close;
    }

    private void returned(SystemCall call, String behind, long note) throws IOException, NotRecordableException {
        String result = behind.substring(behind.indexOf('=') + 1).strip();
        int space = result.indexOf(' ');
        String number = space < 0 ? result : result.substring(0, space);
        if (number.startsWith("-") || number.startsWith("?")) {
            listener.failed(call);
            return;
        }
        long value;
        try {
            value = number.startsWith("0x") ? Long.parseUnsignedLong(number.substring(2), 16) : Long.parseLong(number);
        } catch (NumberFormatException e) {
            throw new NotRecordableException("the trace has a result that is none: " + shortened(behind));
        }
        if (value < 0 && !call.name().equals("mmap")) {
            listener.failed(call);
        } else {
            listener.returned(call, value, note);
        }
    }

    private static String shortened(String line) {
        return line.substring(0, Math.min(line.length(), 120));
    }
}

package dev.tidemark.crashtest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One call of the kernel, as strace writes it down with all strings in hexadecimal.
 *
 * @param name such as {@code pwrite64}
 * @param arguments as they stand there, one by one
 */
record SystemCall(String name, List<String> arguments) {

    /** Takes the arguments apart: at commas that are in no bracket. Strings have none, since all their bytes are escaped. */
    static SystemCall of(String name, String all) {
        List<String> arguments = new ArrayList<>();
        int depth = 0;
        int from = 0;
        for (int at = 0; at < all.length(); at++) {
            char letter = all.charAt(at);
            if (letter == '[' || letter == '{') {
                depth++;
            } else if (letter == ']' || letter == '}') {
                depth--;
            } else if (letter == ',' && depth == 0) {
                arguments.add(all.substring(from, at).strip());
                from = at + 1;
            }
        }
        arguments.add(all.substring(from).strip());
        return new SystemCall(name, arguments);
    }

    String argument(int index) throws NotRecordableException {
        if (index >= arguments.size()) {
            throw new NotRecordableException("a call that the recorder does not understand: " + name + " with "
                    + arguments.size() + " arguments");
        }
        return arguments.get(index);
    }

    long number(int index) throws NotRecordableException {
        return parse(argument(index));
    }

    /** A number as strace writes it: decimal, hexadecimal, or octal; what is none is told. */
    private long parse(String text) throws NotRecordableException {
        try {
            return text.startsWith("0x") ? Long.parseUnsignedLong(text.substring(2), 16) : Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new NotRecordableException("a call that the recorder does not understand: " + name + " of " + text);
        }
    }

    /** A descriptor; what stands for none of the process's own is -1. */
    int descriptor(int index) throws NotRecordableException {
        String text = argument(index);
        return text.startsWith("AT_") ? -1 : (int) number(index);
    }

    boolean has(int index, String flag) throws NotRecordableException {
        return List.of(argument(index).split("\\|")).contains(flag);
    }

    String text(int index) throws NotRecordableException {
        return new String(bytes(argument(index)), StandardCharsets.UTF_8);
    }

    byte[] data(int index) throws NotRecordableException {
        return bytes(argument(index));
    }

    /** All the bytes of an array of buffers, one after the other. */
    byte[] gathered(int index) throws NotRecordableException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        String text = argument(index);
        int at = text.indexOf('"');
        while (at >= 0) {
            int end = text.indexOf('"', at + 1);
            if (end < 0 || text.startsWith("...", end + 1)) {
                throw tooLong();
            }
            all.writeBytes(unescaped(text, at + 1, end));
            at = text.indexOf('"', end + 1);
        }
        if (text.endsWith("...]")) {
            throw tooLong();
        }
        return all.toByteArray();
    }

    private byte[] bytes(String argument) throws NotRecordableException {
        if (argument.endsWith("...")) {
            throw tooLong();
        }
        if (argument.length() < 2 || argument.charAt(0) != '"' || !argument.endsWith("\"")) {
            throw new NotRecordableException("a call that the recorder does not understand: " + name);
        }
        return unescaped(argument, 1, argument.length() - 1);
    }

    private NotRecordableException tooLong() {
        return new NotRecordableException("it writes more than " + Strace.MAX_WRITE_BYTES + " bytes at once");
    }

    /** Of {@code \x} and two digits, again and again. */
    private byte[] unescaped(String text, int from, int to) throws NotRecordableException {
        byte[] bytes = new byte[(to - from) / 4];
        if (bytes.length * 4 != to - from) {
            throw new NotRecordableException("a string that the recorder does not understand, in " + name);
        }
        for (int i = 0; i < bytes.length; i++) {
            int high = Character.digit(text.charAt(from + 4 * i + 2), 16);
            int low = Character.digit(text.charAt(from + 4 * i + 3), 16);
            if (high < 0 || low < 0) {
                throw new NotRecordableException("a string that the recorder does not understand, in " + name);
            }
            bytes[i] = (byte) (high << 4 | low);
        }
        return bytes;
    }
}

package peers;

import java.util.TreeMap;

/** Engine settings, given as -Kname=value. Reading one records it, so that typos can be refused. */
public final class Knobs {
    private final TreeMap<String, String> given = new TreeMap<>();
    private final TreeMap<String, String> read = new TreeMap<>();

    private volatile int window = 1;

    /** How many appends a producer has in flight: an engine whose users wait through one call and pipeline through another takes the fitting one. */
    public int window() {
        return window;
    }

    void window(int appendsInFlight) {
        window = appendsInFlight;
    }

    public void put(String name, String value) {
        given.put(name, value);
    }

    public synchronized String str(String name, String otherwise) {
        String v = given.getOrDefault(name, otherwise);
        read.put(name, String.valueOf(v));
        return v;
    }

    public long num(String name, long otherwise) {
        String v = str(name, Long.toString(otherwise)).trim().toLowerCase();
        long unit = 1;
        if (v.endsWith("k")) unit = 1L << 10;
        if (v.endsWith("m")) unit = 1L << 20;
        if (v.endsWith("g")) unit = 1L << 30;
        return Long.parseLong(unit == 1 ? v : v.substring(0, v.length() - 1)) * unit;
    }

    public boolean flag(String name, boolean otherwise) {
        return Boolean.parseBoolean(str(name, Boolean.toString(otherwise)));
    }

    /** The settings in force, defaults included. */
    public synchronized String inForce() {
        StringBuilder b = new StringBuilder();
        read.forEach((k, v) ->
                b.append(b.length() == 0 ? "" : " ").append(k).append('=').append(v));
        return b.toString();
    }

    public synchronized void refuseUnknown() {
        for (String k : given.keySet()) {
            if (!read.containsKey(k)) throw new IllegalArgumentException("this peer reads no knob " + k);
        }
    }
}

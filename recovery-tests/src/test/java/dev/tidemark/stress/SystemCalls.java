package dev.tidemark.stress;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The system calls of a process, as strace tells them, each with the lines at which it began and ended: what ended before another
 * began happened before it.
 *
 * @param calls those that succeeded, in the order in which they ended
 */
record SystemCalls(List<Call> calls) {
    record Call(String name, String arguments, int began, int ended) {
        /** The path of the file that its first argument, a descriptor, stands for. */
        String file() {
            Matcher found = DESCRIPTOR.matcher(arguments);
            return found.find() ? found.group(1) : "";
        }
    }

    private static final Pattern DESCRIPTOR = Pattern.compile("^\\d+<([^>]*)>");
    private static final Pattern WHOLE = Pattern.compile("^(\\d+) +\\S+ (\\w+)\\((.*)\\) += (\\d+).*$");
    private static final Pattern UNFINISHED = Pattern.compile("^(\\d+) +\\S+ (\\w+)\\((.*) <unfinished \\.\\.\\.>$");
    private static final Pattern RESUMED =
            Pattern.compile("^(\\d+) +\\S+ <\\.\\.\\. (\\w+) resumed>(.*)\\) += (\\d+).*$");

    /** Those that succeeded, in the order in which they ended. */
    static SystemCalls parse(List<String> lines) {
        List<Call> calls = new ArrayList<>();
        Map<String, Call> unfinished = new HashMap<>();
        for (int at = 0; at < lines.size(); at++) {
            String line = lines.get(at);
            Matcher whole = WHOLE.matcher(line);
            Matcher begins = UNFINISHED.matcher(line);
            Matcher resumes = RESUMED.matcher(line);
            if (begins.matches()) {
                unfinished.put(begins.group(1), new Call(begins.group(2), begins.group(3), at, at));
            } else if (resumes.matches()) {
                Call begun = unfinished.remove(resumes.group(1));
                if (begun != null) {
                    calls.add(new Call(begun.name, begun.arguments + resumes.group(3), begun.began, at));
                }
            } else if (whole.matches()) {
                calls.add(new Call(whole.group(2), whole.group(3), at, at));
            }
        }
        return new SystemCalls(calls);
    }
}

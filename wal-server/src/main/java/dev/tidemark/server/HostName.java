package dev.tidemark.server;

import io.netty.util.NetUtil;
import java.util.Locale;

/**
 * Whether a request was meant for this server, by the name in its header {@code Host}. Where nobody is asked who he is, a page of anybody's in a browser on this machine could give its own name
 * this machine's address, and then read what it likes: the browser takes both for the same place. Such a request carries the name of that page.
 */
final class HostName {
    private HostName() {}

    /** An address, this machine, or the name that the server listens on. */
    static boolean isOurs(String header, String listened) {
        String name = withoutPort(header).toLowerCase(Locale.ROOT);
        return name.isEmpty()
                || name.equals("localhost")
                || name.equals(listened.toLowerCase(Locale.ROOT))
                || NetUtil.isValidIpV4Address(name)
                || NetUtil.isValidIpV6Address(name);
    }

    private static String withoutPort(String header) {
        if (header.startsWith("[")) {
            int end = header.indexOf(']');
            return end < 0 ? header : header.substring(1, end);
        }
        int colon = header.indexOf(':');
        return colon < 0 ? header : header.substring(0, colon);
    }
}

package io.tersor;

/**
 * Root of every failure that the library reports by itself. The message is one line that names what is wrong and,
 * where there is one, the way out; failures of the JDK's own memory checks (a closed arena, a foreign thread) keep the
 * JDK's types.
 */
public class TersorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message one line: what is wrong, what was expected, what was found */
    public TersorException(String message) {
        super(oneLine(message));
    }

    /**
     * @param message one line: what is wrong, what was expected, what was found
     * @param cause what led to it
     */
    public TersorException(String message, Throwable cause) {
        super(oneLine(message), cause);
    }

    /** Escapes control characters, for names from files are quoted in messages. */
    private static String oneLine(String message) {
        if (message == null || message.chars().noneMatch(Character::isISOControl)) {
            return message;
        }
        StringBuilder text = new StringBuilder();
        message.chars().forEach(c -> text.append(Character.isISOControl(c) ? String.format("\\u%04x", c)
                : String.valueOf((char) c)));
        return text.toString();
    }
}

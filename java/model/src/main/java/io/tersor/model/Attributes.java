package io.tersor.model;

import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The attributes of a node by name; immutable, in the order they were given. */
public final class Attributes {
    /** No attributes. */
    public static final Attributes NONE = new Attributes(Map.of());

    private final Map<String, Attribute> values;

    private Attributes(Map<String, Attribute> values) {
        this.values = values;
    }

    /** Returns the attributes of a map. */
    public static Attributes of(Map<String, Attribute> values) {
        return new Attributes(new LinkedHashMap<>(values));
    }

    /** Returns these attributes with one more or replaced. */
    public Attributes with(String name, Attribute value) {
        Map<String, Attribute> changed = new LinkedHashMap<>(values);
        changed.put(name, value);
        return new Attributes(changed);
    }

    /** Returns these attributes with an integer. */
    public Attributes with(String name, long value) {
        return with(name, new Attribute.IntValue(value));
    }

    /** Returns these attributes with a real number. */
    public Attributes with(String name, float value) {
        return with(name, new Attribute.FloatValue(value));
    }

    /** Returns these attributes with a text. */
    public Attributes with(String name, String value) {
        return with(name, new Attribute.StringValue(value));
    }

    /** Returns these attributes with a tensor. */
    public Attributes with(String name, Tensor value) {
        return with(name, new Attribute.TensorValue(value));
    }

    /** Returns these attributes with a list of integers. */
    public Attributes with(String name, long[] value) {
        List<Long> list = new ArrayList<>();
        for (long element : value) {
            list.add(element);
        }
        return with(name, new Attribute.Ints(list));
    }

    /** Returns these attributes without one. */
    public Attributes without(String name) {
        Map<String, Attribute> changed = new LinkedHashMap<>(values);
        changed.remove(name);
        return new Attributes(changed);
    }

    /** Returns all attributes. */
    public Map<String, Attribute> asMap() {
        return java.util.Collections.unmodifiableMap(values);
    }

    /** Returns whether an attribute is given. */
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /** Returns one attribute. */
    public Optional<Attribute> get(String name) {
        return Optional.ofNullable(values.get(name));
    }

    /** Returns an integer, or the default where it is not given. */
    public long integer(String name, long otherwise) {
        return get(name).map(value -> switch (value) {
            case Attribute.IntValue(long integer) -> integer;
            default -> throw wrongType(name, "INT", value);
        }).orElse(otherwise);
    }

    /** Returns a real number, or the default where it is not given. */
    public float real(String name, float otherwise) {
        return get(name).map(value -> switch (value) {
            case Attribute.FloatValue(float real) -> real;
            default -> throw wrongType(name, "FLOAT", value);
        }).orElse(otherwise);
    }

    /** Returns a text, or the default where it is not given. */
    public String text(String name, String otherwise) {
        return get(name).map(value -> switch (value) {
            case Attribute.StringValue(String text) -> text;
            default -> throw wrongType(name, "STRING", value);
        }).orElse(otherwise);
    }

    /** Returns a tensor where it is given. */
    public Optional<Tensor> tensor(String name) {
        return get(name).map(value -> switch (value) {
            case Attribute.TensorValue(Tensor tensor) -> tensor;
            default -> throw wrongType(name, "TENSOR", value);
        });
    }

    /** Returns the body of a loop or a branch where it is given. */
    public Optional<Attribute.Body> body(String name) {
        return get(name).map(value -> switch (value) {
            case Attribute.Body body -> body;
            default -> throw wrongType(name, "GRAPH", value);
        });
    }

    /** Returns a type where it is given. */
    public Optional<ValueInfo> type(String name) {
        return get(name).map(value -> switch (value) {
            case Attribute.TypeValue(ValueInfo type) -> type;
            default -> throw wrongType(name, "TYPE_PROTO", value);
        });
    }

    /** Returns all bodies by their attributes' names. */
    public Map<String, Attribute.Body> bodies() {
        Map<String, Attribute.Body> bodies = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            if (value instanceof Attribute.Body body) {
                bodies.put(name, body);
            }
        });
        return bodies;
    }

    /** Returns a list of integers, or the default where it is not given. */
    public long[] integers(String name, long... otherwise) {
        return get(name).map(value -> switch (value) {
            case Attribute.Ints(List<Long> list) -> list.stream().mapToLong(Long::longValue).toArray();
            default -> throw wrongType(name, "INTS", value);
        }).orElse(otherwise);
    }

    /** Returns a list of real numbers, or the default where it is not given. */
    public float[] reals(String name, float... otherwise) {
        return get(name).map(value -> switch (value) {
            case Attribute.Floats(List<Float> list) -> {
                float[] reals = new float[list.size()];
                for (int i = 0; i < reals.length; i++) {
                    reals[i] = list.get(i);
                }
                yield reals;
            }
            default -> throw wrongType(name, "FLOATS", value);
        }).orElse(otherwise);
    }

    private static GraphException wrongType(String name, String expected, Attribute value) {
        return new GraphException("attribute " + name + ": expected " + expected + ", got "
                + value.getClass().getSimpleName());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Attributes attributes && values.equals(attributes.values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString();
    }
}

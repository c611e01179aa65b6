using System.Text;
using System.Text.Json.Nodes;

namespace PodExecutor.Agent.Images.Templates;

/// <summary>Runs a template on JSON data (text/template/exec.go).</summary>
/// <param name="data">"$", and "." at the beginning.</param>
internal sealed class TemplateRunner(JsonNode? data)
{
    private readonly StringBuilder _output = new();

    /// <summary>The last one of a name counts, and those of a block go with it.</summary>
    private readonly List<(string Name, JsonNode? Value)> _variables = [("", data)];

    /// <exception cref="ImageException">A field that is not there, or a function that cannot be.</exception>
    public string Run(IReadOnlyList<TemplateNode> nodes)
    {
        Write(nodes, data);
        return _output.ToString();
    }

    private void Write(IReadOnlyList<TemplateNode> nodes, JsonNode? dot)
    {
        var depth = _variables.Count;
        foreach (var node in nodes)
        {
            switch (node)
            {
                case TextNode text:
                    _output.Append(text.Text);
                    break;
                case ActionNode action:
                    var value = Value(action.Pipeline, dot);
                    action.Pipeline.Variables.ToList().ForEach(v => Set(v, value));
                    _output.Append(action.Pipeline.Variables.Count > 0 ? "" : TemplateText.Of(value));
                    break;
                case BlockNode block:
                    Write(block, dot);
                    break;
            }
        }

        _variables.RemoveRange(depth, _variables.Count - depth);
    }

    private void Write(BlockNode block, JsonNode? dot)
    {
        var depth = _variables.Count;
        var value = Value(block.Pipeline, dot);
        if (!TemplateText.IsTrue(value))
        {
            Write(block.Otherwise, dot);
        }
        else if (block.Keyword == "range")
        {
            foreach (var (key, item) in Items(value))
            {
                var names = block.Pipeline.Variables;
                _variables.AddRange(names switch { [var one] => [(one, item)], [var first, var second, ..] => [(first, key), (second, item)], _ => Array.Empty<(string, JsonNode?)>() });
                Write(block.Body, item);
                _variables.RemoveRange(depth, _variables.Count - depth);
            }
        }
        else
        {
            _variables.AddRange(block.Pipeline.Variables.Select(v => (v, value)));
            Write(block.Body, block.Keyword == "with" ? value : dot);
            _variables.RemoveRange(depth, _variables.Count - depth);
        }
    }

    private static IEnumerable<(JsonNode? Key, JsonNode? Item)> Items(JsonNode? value) => value switch
    {
        JsonArray list => list.Select((item, i) => ((JsonNode?)JsonValue.Create((long)i), item)),
        JsonObject map => map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => ((JsonNode?)JsonValue.Create(p.Key), p.Value)),
        _ => throw new ImageException($"--format: range can't iterate over {TemplateText.Of(value)}."),
    };

    private JsonNode? Value(Pipeline pipeline, JsonNode? dot)
    {
        JsonNode? result = null;
        for (var i = 0; i < pipeline.Commands.Count; i++)
        {
            var operands = pipeline.Commands[i];
            JsonNode?[] piped = i > 0 ? [result] : [];
            result = operands[0].Kind == OperandKind.Function
                ? TemplateFunctions.Call(operands[0].Name, [.. operands.Skip(1).Select(o => Value(o, dot)), .. piped])
                : operands.Count == 1 && piped.Length == 0 ? Value(operands[0], dot)
                : throw new ImageException("--format: a value that is no function is given arguments.", ImageExit.Usage);
        }

        return result;
    }

    private JsonNode? Value(Operand operand, JsonNode? dot)
    {
        var value = operand.Kind switch
        {
            OperandKind.Dot => dot,
            OperandKind.Variable => _variables.FindLast(v => v.Name == operand.Name) is { Name: not null } found
                ? found.Value : throw new ImageException($"--format: the variable ${operand.Name} is not set.", ImageExit.Usage),
            OperandKind.Parenthesis => Value(operand.Inner!, dot),
            OperandKind.Function => TemplateFunctions.Call(operand.Name, []),
            _ => operand.Value,
        };
        return operand.Fields.Aggregate(value, TemplateField.Of);
    }

    private void Set(string name, JsonNode? value)
    {
        var at = _variables.FindLastIndex(v => v.Name == name);
        if (at < 0)
        {
            _variables.Add((name, value));
        }
        else
        {
            _variables[at] = (name, value);
        }
    }
}

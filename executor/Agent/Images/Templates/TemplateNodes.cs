using System.Text.Json.Nodes;

namespace PodExecutor.Agent.Images.Templates;

// Classes and not records here: nobody compares or prints a template's parts, and records' methods for that have their size (docs/adr/0032).

/// <summary>A part of a template that writes something.</summary>
internal abstract class TemplateNode;

internal sealed class TextNode(string text) : TemplateNode
{
    public string Text => text;
}

/// <summary>{{pipeline}}; one that sets a variable writes nothing.</summary>
internal sealed class ActionNode(Pipeline pipeline) : TemplateNode
{
    public Pipeline Pipeline => pipeline;
}

/// <summary>if, with and range, each with its else.</summary>
internal sealed class BlockNode(string keyword, Pipeline pipeline, IReadOnlyList<TemplateNode> body, IReadOnlyList<TemplateNode> otherwise) : TemplateNode
{
    public string Keyword => keyword;

    public Pipeline Pipeline => pipeline;

    public IReadOnlyList<TemplateNode> Body => body;

    public IReadOnlyList<TemplateNode> Otherwise => otherwise;
}

/// <param name="variables">Set to the result; two for range.</param>
/// <param name="commands">Each a value alone, or a function and its arguments, and gets the result of the one before as its last argument.</param>
internal sealed class Pipeline(IReadOnlyList<string> variables, IReadOnlyList<IReadOnlyList<Operand>> commands)
{
    public IReadOnlyList<string> Variables => variables;

    public IReadOnlyList<IReadOnlyList<Operand>> Commands => commands;
}

internal enum OperandKind
{
    /// <summary>"." and ".Field".</summary>
    Dot,

    Variable,

    Parenthesis,

    Literal,

    Function,
}

/// <summary>A value, and the fields that are taken of it.</summary>
internal sealed class Operand(OperandKind kind, IReadOnlyList<string> fields)
{
    public OperandKind Kind => kind;

    public IReadOnlyList<string> Fields => fields;

    /// <summary>Of a variable or function.</summary>
    public string Name { get; init; } = "";

    /// <summary>Of a literal.</summary>
    public JsonNode? Value { get; init; }

    /// <summary>In parentheses.</summary>
    public Pipeline? Inner { get; init; }
}

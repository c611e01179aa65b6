using System.Text.Json.Nodes;

namespace PodExecutor.Agent.Images.Templates;

/// <summary>A part of a template that writes something.</summary>
internal abstract record TemplateNode;

internal sealed record TextNode(string Text) : TemplateNode;

/// <summary>{{pipeline}}; one that sets a variable writes nothing.</summary>
internal sealed record ActionNode(Pipeline Pipeline) : TemplateNode;

/// <summary>if, with and range, each with its else.</summary>
internal sealed record BlockNode(string Keyword, Pipeline Pipeline, IReadOnlyList<TemplateNode> Body, IReadOnlyList<TemplateNode> Otherwise) : TemplateNode;

/// <param name="Variables">Set to the result; two for range.</param>
/// <param name="Commands">Each gets the result of the one before as its last argument.</param>
internal sealed record Pipeline(IReadOnlyList<string> Variables, IReadOnlyList<Command> Commands);

/// <param name="Operands">A value alone, or a function and its arguments.</param>
internal sealed record Command(IReadOnlyList<Operand> Operands);

/// <summary>A value, and the fields that are taken of it.</summary>
internal abstract record Operand(IReadOnlyList<string> Fields);

/// <summary>"." and ".Field".</summary>
internal sealed record DotOperand(IReadOnlyList<string> Fields) : Operand(Fields);

internal sealed record VariableOperand(string Name, IReadOnlyList<string> Fields) : Operand(Fields);

internal sealed record ParenthesisOperand(Pipeline Pipeline, IReadOnlyList<string> Fields) : Operand(Fields);

internal sealed record LiteralOperand(JsonNode? Value) : Operand([]);

internal sealed record FunctionOperand(string Name) : Operand([]);
